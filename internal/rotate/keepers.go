package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
)

// Beside keeps candidates under a name of their own, NAME.next, in the same source and
// with the same context: in tables, local stores, Parameter Store and S3.
type Beside struct {
	Ref    source.Ref // of the secret
	Source source.Source
	Writer source.Writer
	Force  bool
}

func (b *Beside) next() source.Ref {
	ref := b.Ref
	ref.Name = source.CandidateName(ref.Name)
	return ref
}

// Find implements Keeper.
func (b *Beside) Find(ctx context.Context) (Candidate, error) {
	ref := b.next()
	got := b.Source.Fetch(ctx, []source.Ref{ref})[ref]
	if got.Err != nil {
		return Candidate{}, &source.RefError{Ref: ref, Err: got.Err}
	}
	value, after, ok := source.ParseCandidate(got.Secret)
	if !ok {
		return Candidate{}, &source.RefError{Ref: ref, Err: fmt.Errorf("%w: it contains a value that is not a candidate: a rotation stores its candidate under this name", source.ErrExists)}
	}
	return Candidate{Value: value, After: after}, nil
}

// Keep implements Keeper.
func (b *Beside) Keep(ctx context.Context, c Candidate) (Candidate, error) {
	ref := b.next()
	_, err := b.Writer.Put(ctx, ref, source.Write{Value: source.MarkCandidate(c.Value, c.After), IfAbsent: true, Force: b.Force})
	if err != nil {
		return c, &source.RefError{Ref: ref, Err: err}
	}
	return c, nil
}

// Discard implements Keeper.
func (b *Beside) Discard(ctx context.Context) error {
	ref := b.next()
	_, err := b.Writer.Delete(ctx, ref, source.Deletion{Force: b.Force})
	if err != nil && !errors.Is(err, source.ErrNotFound) {
		return &source.RefError{Ref: ref, Err: err}
	}
	return nil
}

// Publish implements Keeper.
func (b *Beside) Publish(ctx context.Context, c Candidate, expect source.Trace) error {
	_, err := b.Writer.Put(ctx, b.Ref, source.Write{Value: c.Value, Expect: expect, Force: b.Force})
	return err
}

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
