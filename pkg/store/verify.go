package store

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Note is a remark about an item that opens.
type Note string

// Notes of Verify.
const (
	NoteUnpadded Note = "unpadded" // hides padded versions, and stops put
	NoteHidden   Note = "hidden"   // a version of a lower number sorts after it: readers get that one
	NoteNotInt   Note = "not-int"  // the newest, and no number: put cannot make the next
	NoteForeign  Note = "foreign"  // credstash 1.17.1 does not know its algorithm or digest
	NoteCTR32LE  Note = "ctr32le"  // rucredstash seems to have damaged it
	// NoteNonce: its format does not authenticate the nonce. Anyone who can write to
	// the table can turn the value into noise that opens without an error.
	NoteNonce Note = "nonce"
	// NoteNoise: such an item opens to bytes that are not text. It is a binary
	// value, or somebody changed the nonce.
	NoteNoise Note = "noise"
)

// Verdict is the result of Verify for one stored version.
type Verdict struct {
	source.Entry
	Notes []Note
	// Unreadable are the other programs that cannot read the version, each with the
	// part that it cannot read, such as "digest SHA512".
	Unreadable map[credstash.Peer]string
	Err        error // nil: it opens
}

// Verify opens every version in scope and discards the values. With DryRun it unwraps
// no data key and checks only the items' form. It returns one verdict for each
// version, sorted by name and version.
func (s *Store) Verify(ctx context.Context, sc Scope) ([]Verdict, error) {
	items, err := s.gather(ctx, sc)
	if err != nil {
		return nil, err
	}
	verdicts := make([]Verdict, len(items))
	open := s.opener()
	err = s.over(ctx, sc, len(items), s.o.Concurrency, func(i int) {
		verdicts[i] = open.verify(ctx, sc, items[i])
	})
	if err != nil {
		return nil, err
	}
	i := 0
	for _, group := range byName(items) {
		noteVersions(group, verdicts[i:i+len(group)])
		i += len(group)
	}
	return verdicts, nil
}

func (o opener) verify(ctx context.Context, sc Scope, item credstash.Item) Verdict {
	v := Verdict{Entry: entry(item)}
	if !credstash.Portable(item) {
		v.Notes = append(v.Notes, NoteForeign)
	}
	if credstash.OpenNonce(item) {
		v.Notes = append(v.Notes, NoteNonce)
	}
	v.noteUnreadable(func(p credstash.Peer) string { return p.Unreadable(item) })
	if sc.DryRun {
		v.Err = item.Check()
		return v
	}
	o.options = credstash.OpenOptions{RescueCTR32LE: true, Rescued: func(credstash.Item) { v.Notes = append(v.Notes, NoteCTR32LE) }}
	var plain []byte
	plain, _, v.Err = o.open(ctx, item, sc.Contexts.of(item.Name))
	if v.Err == nil && credstash.OpenNonce(item) && !utf8.Valid(plain) {
		v.Notes = append(v.Notes, NoteNoise)
	}
	if v.Err == nil {
		v.noteUnreadable(func(p credstash.Peer) string { return p.UnreadableValue(plain) })
	}
	return v
}

// noteUnreadable records the programs for which why is not empty.
func (v *Verdict) noteUnreadable(why func(credstash.Peer) string) {
	for _, p := range credstash.Peers() {
		if reason := why(p); reason != "" && v.Unreadable[p] == "" {
			if v.Unreadable == nil {
				v.Unreadable = map[credstash.Peer]string{}
			}
			v.Unreadable[p] = reason
		}
	}
}

// noteVersions adds the notes that concern the versions of one name together.
func noteVersions(items []credstash.Item, verdicts []Verdict) {
	last := len(items) - 1
	for i, item := range items {
		if credstash.Unpadded(item.Version) {
			verdicts[i].Notes = append(verdicts[i].Notes, NoteUnpadded)
		} else if i == last && !credstash.IsNumber(item.Version) {
			verdicts[i].Notes = append(verdicts[i].Notes, NoteNotInt)
		}
		if slices.ContainsFunc(items, func(other credstash.Item) bool { return credstash.Hides(other.Version, item.Version) }) {
			verdicts[i].Notes = append(verdicts[i].Notes, NoteHidden)
		}
	}
}
