package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// MigrateRequest selects the secrets that Migrate repairs, and what it repairs.
type MigrateRequest struct {
	Scope
	// Legacy puts items of credsmash's own algorithms again, in the format that
	// every tool of the family reads.
	Legacy bool
	// RescueCTR32LE opens every item of credstash's format to find those that
	// rucredstash damaged (see credstash.OpenOptions), and puts them again.
	RescueCTR32LE bool
	// Digest, if set, puts items with another digest again with this one. Items keep
	// their format, and items of aes-gcm have no digest.
	Digest string
	// For, if set, puts items that this program cannot read again, in the legacy format
	// with SHA256. Versions that it still cannot read are source.ErrUnsupported.
	For credstash.Peer
}

// Migrate repairs what older and other tools have left, in all versions in scope:
//
//   - an unpadded version is copied to its padded number and then deleted, so
//     that new versions are seen again. Where the padded number holds another
//     value both stay, and the outcome has source.ErrExists; where somebody
//     changes the version meanwhile theirs stays, and it has source.ErrChanged;
//   - an item with a digest that credstash 1.17.1 does not know is sealed anew
//     with SHA256, in place; with Legacy, RescueCTR32LE, Digest and For others too.
//
// Every step is one conditional write, and a repeated step does nothing: another
// Migrate finishes the work of one that was killed.
func (s *Store) Migrate(ctx context.Context, r MigrateRequest) ([]Outcome, error) {
	items, err := s.gather(ctx, r.Scope)
	if err != nil {
		return nil, err
	}
	m := &migration{Store: s, MigrateRequest: r, opener: s.opener()}
	return change(ctx, s, r.Scope, byName(items), func(g []credstash.Item) []Outcome { return m.name(ctx, g) })
}

type migration struct {
	*Store
	MigrateRequest
	opener opener
}

// name repairs the versions of one name: each by itself, then their numbers.
func (m *migration) name(ctx context.Context, items []credstash.Item) (done []Outcome) {
	for i, item := range items {
		o := Outcome{Name: item.Name, Version: item.Version}
		items[i], o.Action, o.Err = m.repair(ctx, item)
		if o.Action != Kept || o.Err != nil {
			done = append(done, o)
		}
	}
	return append(done, m.pad(ctx, items)...)
}

// repair seals an item anew if that is due, and returns the item as it is stored then.
// It skips a garbled item, which Verify reports, except for For, which promises that
// every version can be read.
func (m *migration) repair(ctx context.Context, item credstash.Item) (credstash.Item, Action, error) {
	due := m.due(item)
	suspect := m.RescueCTR32LE && item.Algorithm == credstash.Legacy
	switch {
	case item.Fault != nil && m.For != "":
		return item, Kept, item.Fault
	case item.Fault != nil, !due && !suspect && !m.For.TextOnly():
		return item, Kept, nil //nolint:nilerr // see above
	}
	action, open := PutAgain, m.opener
	if suspect {
		open.options = credstash.OpenOptions{RescueCTR32LE: true, Rescued: func(credstash.Item) { action = Rescued }}
	}
	plain, c, err := open.open(ctx, item, m.Contexts.of(item.Name))
	if err == nil && m.For.UnreadableValue(plain) != "" {
		err = fmt.Errorf("%w: %s reads text only, and the value is binary", source.ErrUnsupported, m.For)
	}
	if err != nil || !due && action != Rescued {
		return item, Kept, err
	}
	if m.DryRun {
		return item, action, nil
	}
	next, err := m.reseal(ctx, item, plain, c)
	if err == nil {
		err = m.o.Rewriter.Rewrite(ctx, item, next)
	}
	if err != nil {
		return item, Kept, err
	}
	return next, action, nil
}

// due reports whether an item must be put again, whatever its value is.
func (m *migration) due(item credstash.Item) bool {
	portable := credstash.Portable(item)
	switch {
	case m.For != "" && m.For.Unreadable(item) != "",
		m.Digest != "" && credstash.HasDigest(item) && !credstash.DigestIs(item, m.Digest):
		return true
	}
	return !portable && (m.Legacy || item.Algorithm == credstash.Legacy)
}

func (m *migration) reseal(ctx context.Context, item credstash.Item, plain []byte, c source.Context) (credstash.Item, error) {
	next := credstash.Item{Name: item.Name, Version: item.Version, Comment: item.Comment, Foreign: item.Foreign, Digest: m.Digest}
	if item.Algorithm == credstash.AESCTR && !m.Legacy && m.For == "" {
		next.Algorithm = credstash.AESCTR // due because of its digest alone
	}
	if err := credstash.Fits(next, len(plain)); err != nil {
		return next, err
	}
	return m.seal(ctx, next, 0, plain, c)
}

// pad moves the unpadded versions of a name. All are copied before any is
// deleted, and the newest is deleted last: so a reader finds the newest as
// before, until at the end the newest by number.
func (m *migration) pad(ctx context.Context, items []credstash.Item) (done []Outcome) {
	var copied []credstash.Item
	made := map[string]bool{} // copies of this run
	left := map[string]bool{}
	for _, item := range items {
		left[item.Version] = true
	}
	for _, item := range items {
		if !credstash.Unpadded(item.Version) {
			continue
		}
		to := credstash.Pad(item.Version)
		var err error
		if made[to], err = m.copyTo(ctx, item, to, items); err != nil {
			done = append(done, Outcome{Name: item.Name, Version: item.Version, To: to, Err: err})
			continue
		}
		copied = append(copied, item)
	}
	for _, item := range copied { // in byte order: the newest last
		o := Outcome{Name: item.Name, Version: item.Version, Action: Padded, To: credstash.Pad(item.Version)}
		if !m.DryRun {
			if o.Err = m.o.Writer.Delete(ctx, item); o.Err != nil {
				o.Action = Kept
				if errors.Is(o.Err, source.ErrChanged) && made[o.To] {
					// The copy is of what is no longer there: it would be in the
					// way of the next run's.
					item.Version = o.To
					o.Err = errors.Join(o.Err, m.o.Writer.Delete(ctx, item))
				}
				return append(done, o)
			}
		}
		delete(left, item.Version)
		left[o.To] = true
		done = append(done, o)
	}
	return append(done, unhidden(items, left)...)
}

// unhidden returns an outcome if readers get another version after padding.
func unhidden(items []credstash.Item, left map[string]bool) []Outcome {
	before, after := items[len(items)-1], ""
	for v := range left {
		after = max(after, v)
	}
	if after == before.Version || after == credstash.Pad(before.Version) {
		return nil
	}
	return []Outcome{{Name: before.Name, Version: before.Version, Action: Unhidden, To: after}}
}

// copyTo copies an item to a padded version, and reports whether it made the copy: an
// earlier run may have.
func (m *migration) copyTo(ctx context.Context, item credstash.Item, to string, items []credstash.Item) (made bool, err error) {
	if err := movable(item); err != nil {
		return false, err
	}
	i := slices.IndexFunc(items, func(it credstash.Item) bool { return it.Version == to })
	if i >= 0 && bytes.Equal(items[i].Key, item.Key) {
		return false, nil
	}
	if m.DryRun {
		if i >= 0 {
			return false, fmt.Errorf("version %s: %w", to, source.ErrExists)
		}
		return false, nil
	}
	item.Version = to
	err = m.o.Writer.Put(ctx, item)
	if !errors.Is(err, source.ErrExists) {
		return err == nil, err
	}
	held, getErr := orNone(m.o.Reader.Get(ctx, item.Name, to))
	if getErr == nil && bytes.Equal(held.Key, item.Key) {
		return false, nil
	}
	return false, cmp.Or(getErr, fmt.Errorf("version %s: %w with another value", to, source.ErrExists))
}
