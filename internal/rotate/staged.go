package rotate

import (
	"context"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
)

// Staged keeps candidates as a staged version of the secret itself: in Secrets Manager,
// under AWSPENDING.
type Staged struct {
	Ref    source.Ref
	Source source.Source
	Writer interface {
		source.Stager
		source.Publisher
	}
	Force bool
}

// Find implements Keeper.
func (s *Staged) Find(ctx context.Context) (Candidate, error) {
	staged, err := s.Writer.Staged(ctx, s.Ref)
	if err != nil {
		return Candidate{}, err
	}
	ref := s.Ref
	ref.Version = staged.Version
	got := s.Source.Fetch(ctx, []source.Ref{ref})[ref]
	if got.Err != nil { // not source.ErrNotFound, which would mean that nothing is staged
		return Candidate{}, fmt.Errorf("read the staged version %s: %v", source.Show(ref.Version), got.Err) //nolint:errorlint // hidden on purpose, as above
	}
	return Candidate{Value: got.Secret, After: staged.Before, Version: staged.Version, Replaced: staged.Replaced}, nil
}

// Keep implements Keeper.
func (s *Staged) Keep(ctx context.Context, c Candidate) (Candidate, error) {
	stored, err := s.Writer.Stage(ctx, s.Ref, source.Write{Value: c.Value, Expect: source.Trace{Version: c.After}, Force: s.Force})
	c.Version = stored.Version
	return c, err
}

// Publish implements Keeper.
func (s *Staged) Publish(ctx context.Context, c Candidate, expect source.Trace) error {
	ref := s.Ref
	ref.Version = c.Version
	return s.Writer.Publish(ctx, ref, expect)
}

// Discard implements Keeper.
func (s *Staged) Discard(ctx context.Context) error { return s.Writer.Unstage(ctx, s.Ref) }
