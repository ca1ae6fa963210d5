package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// PutRequest describes a value to store as a new version.
type PutRequest struct {
	Name    string
	Value   source.Secret
	Context source.Context // of the data key; it is stored nowhere
	Version string         // as a user gives it, padded by Put; empty: the next
	Comment string
	Foreign map[string]credstash.Attribute // attributes of other programs, stored as they are
	// Algorithm is one of package credstash's; empty: its legacy format, which
	// every tool of the family reads.
	Algorithm string
	Digest    string // empty: SHA256
	// KeyLength of the data key and IVLength of aes-gcm, in bytes; 0: the
	// algorithm's own.
	KeyLength, IVLength int
	// IfChanged stores nothing if the newest version (or, with Version, that
	// version) has this value already. A version that does not open, because its
	// context differs or it is damaged, has another value.
	IfChanged bool
	// IfAbsent stores only a name that has no version; else the error is
	// source.ErrExists. With Expect, the newest version must be that one; else the
	// error is source.ErrChanged. Both are for the next version.
	IfAbsent bool
	Expect   string
	// DryRun determines the version and whether it would be written. It makes no
	// data key and writes nothing.
	DryRun bool
}

// Put stores a value and returns its version as stored, and whether anything
// was written (always, without IfChanged). With concurrent writers, versions stay
// contiguous and no value is lost.
//
// Refused before a data key is made: a value that does not fit
// (source.ErrTooLarge), an algorithm or digest that cannot be written
// (source.ErrUnsupported), an unusable name (source.ErrRef), a newest version
// that none can follow (*credstash.VersionError). A Version that is stored
// already is source.ErrExists.
func (s *Store) Put(ctx context.Context, r PutRequest) (version string, changed bool, err error) {
	p := &put{Store: s, PutRequest: r, item: credstash.Item{
		Name:      r.Name,
		Version:   credstash.Pad(cmp.Or(r.Version, "1")), // the next has the same length
		Comment:   r.Comment,
		Foreign:   r.Foreign,
		Algorithm: r.Algorithm,
		Digest:    r.Digest,
		IV:        make([]byte, r.IVLength),
	}}
	if err := credstash.Fits(p.item, len(r.Value.Reveal())); err != nil {
		return "", false, err
	}
	if r.Version != "" {
		return p.exact(ctx)
	}
	return p.next(ctx)
}

// NewerThan returns the version that readers get of a name instead of version, or
// "" if version is the one that they get. A Put that states its version may store
// one that no reader finds.
func (s *Store) NewerThan(ctx context.Context, name, version string) (newer string, err error) {
	newest, err := orNone(s.o.Reader.Newest(ctx, name))
	if err != nil || newest.Version <= version {
		return "", err
	}
	return newest.Version, nil
}

// put is one Put in progress. It seals the item once and stores it under whichever
// version is free: the format authenticates neither name nor version.
type put struct {
	*Store
	PutRequest
	item   credstash.Item
	sealed bool
}

func (p *put) exact(ctx context.Context) (string, bool, error) {
	if p.IfChanged || p.DryRun { // else nothing is read: a writer may have the right to PutItem alone
		held, err := orNone(p.o.Reader.Get(ctx, p.Name, p.item.Version))
		if err != nil {
			return "", false, err
		}
		if same, err := p.same(ctx, held); same || err != nil {
			return held.Version, false, err
		}
		if held.Version != "" {
			return "", false, source.ErrExists
		}
	}
	if err := p.write(ctx, p.item.Version); err != nil {
		return "", false, err
	}
	return p.item.Version, true, nil
}

// next reads the newest version and tries to store the one after it, until no other
// writer is faster. Each faster writer has stored a value, so that of n concurrent
// writers none tries more than n times.
func (p *put) next(ctx context.Context) (string, bool, error) {
	before, stuck := "", 0
	for try := 0; ; try++ {
		newest, err := orNone(p.o.Reader.Newest(ctx, p.Name))
		if err != nil {
			return "", false, err
		}
		// A writer that was faster has left a newer version.
		if stuck++; newest.Version != before {
			before, stuck = newest.Version, 0
		}
		if stuck == maxStuck {
			return "", false, fmt.Errorf("%w: the table rejects every next version as existing, but lists none", source.ErrExists)
		}
		if err := p.permits(newest.Version); err != nil {
			return "", false, err
		}
		if same, err := p.same(ctx, newest); same || err != nil {
			return newest.Version, false, err
		}
		version, err := credstash.Next(newest.Version)
		if err != nil {
			return "", false, err
		}
		err = p.write(ctx, version)
		if err == nil {
			return version, true, nil
		}
		if !errors.Is(err, source.ErrExists) {
			return "", false, err
		}
		if err := source.Pause(ctx, try); err != nil {
			return "", false, err
		}
	}
}

// permits checks the conditions of the request on the newest version.
func (r *PutRequest) permits(newest string) error {
	switch {
	case r.IfAbsent && newest != "":
		return source.ErrExists
	case r.Expect != "" && newest != r.Expect:
		return source.ErrChanged
	}
	return nil
}

// maxStuck is how often a table may refuse a write for a change that a consistent
// read does not show: some emulators do that forever.
const maxStuck = 8

// orNone returns the zero Item and no error for an item that does not exist.
func orNone(item credstash.Item, err error) (credstash.Item, error) {
	if errors.Is(err, source.ErrNotFound) {
		return credstash.Item{}, nil
	}
	return item, err
}

// same reports whether held has the value already. Without IfChanged it does not look.
func (p *put) same(ctx context.Context, held credstash.Item) (bool, error) {
	if !p.IfChanged || held.Version == "" {
		return false, nil
	}
	plain, _, err := p.opener().open(ctx, held, []source.Context{p.Context})
	if errors.Is(err, source.ErrWrongContext) || errors.Is(err, source.ErrIntegrity) {
		return false, nil // putting it again repairs it
	}
	if err != nil {
		return false, fmt.Errorf("compare with version %s: %w", source.Show(held.Version), err)
	}
	return bytes.Equal(plain, p.Value.Reveal()), nil
}

func (p *put) write(ctx context.Context, version string) error {
	if p.DryRun {
		return nil
	}
	if err := p.seal(ctx); err != nil {
		return err
	}
	p.item.Version = version
	err := p.o.Writer.Put(ctx, p.item)
	if !errors.Is(err, source.ErrExists) {
		return err
	}
	// If an answer was lost, the client has sent the request again, and the version
	// that exists may be ours. No two items share a data key.
	held, getErr := orNone(p.o.Reader.Get(ctx, p.Name, version))
	switch {
	case getErr != nil && !errors.Is(getErr, source.ErrDenied):
		return getErr
	case bytes.Equal(held.Key, p.item.Key):
		return nil
	}
	return err
}

func (p *put) seal(ctx context.Context) (err error) {
	if !p.sealed {
		p.item, err = p.Store.seal(ctx, p.item, p.KeyLength, p.Value.Reveal(), p.Context)
		p.sealed = err == nil
	}
	return err
}

// seal generates a data key and encrypts with it. If keyLength is 0, the key has the
// algorithm's own length.
func (s *Store) seal(ctx context.Context, item credstash.Item, keyLength int, plain []byte, c source.Context) (credstash.Item, error) {
	size, err := credstash.KeySizeFor(item.Algorithm, keyLength)
	if err != nil {
		return item, err
	}
	dataKey, wrapped, err := s.o.DataKeyGenerator.GenerateDataKey(ctx, size, c.Map())
	if err != nil {
		return item, err
	}
	item.Key = wrapped
	if item, err = credstash.Seal(item, plain, dataKey); err != nil {
		return item, err
	}
	return item, credstash.CheckSize(item) // a key may wrap to more than Fits foresaw
}
