package store

import (
	"context"
	"errors"

	"github.com/credrender/credrender/pkg/source"
)

var errPending = errors.New("pending")

// PutRequest is a value to store as a new version.
type PutRequest struct {
	Name    string
	Value   source.Secret
	Context source.Context // of the data key; it is stored nowhere
	Version string         // as a user gives it, padded by Put; empty: the next
	Comment string
	// Algorithm is one of package credstash's; empty: its legacy format, which
	// every tool of the family reads.
	Algorithm string
	Digest    string // empty: SHA256
	// IfChanged leaves the store alone where the version that would be replaced
	// as the newest (or, with Version, that version) already has this value.
	IfChanged bool
}

// Put stores a value and returns its version as stored, and whether anything
// was written (always, without IfChanged). The next version is found safely
// among concurrent writers: versions stay contiguous and none is lost.
//
// Refused, before a key is made: a value that does not fit
// (source.ErrTooLarge); a newest version that none can follow
// (*credstash.VersionError). A Version that exists is source.ErrExists.
func (s *Store) Put(ctx context.Context, r PutRequest) (version string, changed bool, err error) {
	return "", false, errPending
}

// Delete removes one version of a secret, in either form of
// credstash.Candidates, or with an empty version all of them, oldest first, so
// that an older value is never the newest meanwhile. It returns what it
// deleted, also beside an error; source.ErrNotFound where there was nothing.
func (s *Store) Delete(ctx context.Context, name, version string) ([]source.Entry, error) {
	return nil, errPending
}

// Fetch implements source.Source.
func (s *Store) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	return nil
}

// Glob implements source.Globber by one scan.
func (s *Store) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	return nil, errPending
}

// List implements source.Lister by one scan of the keys.
func (s *Store) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	return nil, errPending
}

// Probe implements source.Prober.
func (s *Store) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return nil, errPending
}
