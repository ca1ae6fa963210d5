// Package rotate replaces a secret without ever handing readers a value that has not
// been proven.
//
// A rotation takes these steps, each by a command of the user or a write to the source:
//
//	keep      the candidate is kept beside the secret, where readers do not see it
//	apply     makes the candidate valid where it is used
//	verify    tries it
//	publish   makes it the newest version, if that is still the one read at the start
//	wait-for  waits until hosts have it
//	revoke    ends the old value
//	discard   removes what was kept
//
// The kept candidate is the only record of a rotation. A rotation that was killed is
// continued by the next one, which finds the candidate: if the candidate is not published
// yet, it is applied and verified again, else the rotation goes on after publishing. So
// each command must do no harm if it is run again.
//
// A failure before publishing leaves the old value in force and runs unapply. If somebody
// else has changed the secret meanwhile, their value stays, and the candidate is given up
// in the same way.
package rotate

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
)

// Step is a part of a rotation.
type Step string

// The steps that run commands.
const (
	Apply   Step = "apply"
	Verify  Step = "verify"
	Unapply Step = "unapply"
	WaitFor Step = "wait-for"
	Revoke  Step = "revoke"
)

// StepError is the failure of a command.
type StepError struct {
	Step Step
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s failed: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

var (
	// ErrInForce: revoke did not run, because the old value is in force again.
	ErrInForce = errors.New("the old value is in force again, so it is not revoked")
	// ErrSame: the candidate equals the value in force.
	ErrSame = errors.New("the candidate equals the value in force")
	// ErrOther: an unfinished rotation has another candidate than the given one.
	ErrOther = errors.New("an unfinished rotation has another candidate")
	// ErrUnfinished: whether the candidate is published is unknown, so nothing was
	// undone.
	ErrUnfinished = errors.New("unknown whether the candidate is published")
	// ErrNone: there is no unfinished rotation.
	ErrNone = errors.New("no unfinished rotation")
	// ErrPublished: the candidate is in force, so it cannot be discarded.
	ErrPublished = errors.New("the candidate is published already")
)

// Candidate is a value that is to replace another.
type Candidate struct {
	Value   source.Secret
	After   string // the version that it is to replace
	Version string // the version that it has already, where it is one
	// Replaced reports that it was published, and has been replaced since. A source
	// whose Version is empty does not tell.
	Replaced bool
}

// Keeper keeps the candidate of a secret where readers do not see it, and publishes it.
type Keeper interface {
	// Find returns the kept candidate. The error wraps source.ErrNotFound if there
	// is none.
	Find(ctx context.Context) (Candidate, error)
	// Keep keeps a candidate, and returns it with its version, if it has one. The
	// error wraps source.ErrExists if there is one.
	Keep(ctx context.Context, c Candidate) (Candidate, error)
	// Discard removes the candidate, published or not.
	Discard(ctx context.Context) error
	// Publish makes a candidate the newest version if that is the one of expect;
	// otherwise the error wraps source.ErrChanged.
	Publish(ctx context.Context, c Candidate, expect source.Trace) error
}

// Rotation is one rotation of one secret.
type Rotation struct {
	Ref     source.Ref
	Source  source.Source
	History source.HistoryReader // nil if candidates have versions
	Keeper  Keeper
	// Has reports whether there is a command for a step.
	Has func(Step) bool
	// Run runs the command of a step. It gets two values: the one that the step acts
	// on, and the other one. A step without a command does nothing.
	Run func(ctx context.Context, s Step, v Values) error
	// Note reports progress.
	Note func(text string)
}

// Values are what a command gets.
type Values struct {
	// On is the value that the step acts on: the old one for revoke, else the
	// candidate.
	On source.Secret
	// Other is the value in force for a step before publishing, the old one for
	// wait-for, and the new one for revoke.
	Other source.Secret
	// Version is the version in force.
	Version string
}

// newest is the value in force.
type newest struct {
	value source.Secret
	trace source.Trace
}

func (r *Rotation) newest(ctx context.Context) (newest, error) {
	got := r.Source.Fetch(ctx, []source.Ref{r.Ref})[r.Ref]
	if got.Err != nil {
		return newest{}, got.Err
	}
	if got.Trace.Version == "" {
		return newest{}, &source.RefusalError{Reason: "the source keeps no versions, so the old value would be lost before it is revoked", Instead: "turn on versioning of the bucket"}
	}
	return newest{got.Secret, got.Trace}, nil
}

// Do rotates the secret, or finishes an unfinished rotation. candidate returns the new
// value; it is not called for an unfinished rotation. given is a value that the user has
// chosen; nil: any.
func (r *Rotation) Do(ctx context.Context, candidate func() (source.Secret, error), given *source.Secret) error {
	now, err := r.newest(ctx)
	if err != nil {
		return err
	}
	c, err := r.Keeper.Find(ctx)
	switch {
	case errors.Is(err, source.ErrNotFound):
		c, err = r.begin(ctx, now, candidate)
	case err == nil && given != nil && !same(*given, c.Value):
		err = ErrOther
	case err == nil:
		r.Note("continuing an unfinished rotation, with its candidate")
	}
	if err != nil {
		return err
	}
	published, err := r.isPublished(ctx, c, now)
	if err != nil {
		return err
	}
	if !published {
		if err := r.prove(ctx, c, now); err != nil {
			return err
		}
	}
	return r.finish(ctx, c)
}

// begin keeps a new candidate.
func (r *Rotation) begin(ctx context.Context, now newest, candidate func() (source.Secret, error)) (Candidate, error) {
	value, err := candidate()
	if err != nil {
		return Candidate{}, err
	}
	if same(value, now.value) {
		return Candidate{}, ErrSame
	}
	c := Candidate{Value: value, After: now.trace.Version}
	c, err = r.Keeper.Keep(ctx, c)
	if errors.Is(err, source.ErrExists) {
		return Candidate{}, fmt.Errorf("keep the candidate: %w: another rotation has just begun", err)
	}
	if err != nil {
		return Candidate{}, fmt.Errorf("keep the candidate: %w", err)
	}
	r.Note("the candidate is kept; readers do not see it")
	return c, nil
}

// isPublished reports whether the candidate has become a version: the newest one, or
// the one after which somebody else has stored another.
func (r *Rotation) isPublished(ctx context.Context, c Candidate, now newest) (bool, error) {
	if now.trace.Version == c.After {
		return false, nil
	}
	if c.Replaced || same(c.Value, now.value) {
		return true, nil
	}
	if c.Version != "" {
		return false, nil
	}
	versions, err := r.History.History(ctx, r.Ref)
	if err != nil {
		return false, fmt.Errorf("read the versions: %w", err)
	}
	for i := range versions[:max(0, len(versions)-1)] {
		if versions[i].Version == c.After {
			next, err := r.version(ctx, versions[i+1].Version)
			return err == nil && same(next, c.Value), err
		}
	}
	return false, nil
}

func (r *Rotation) version(ctx context.Context, version string) (source.Secret, error) {
	ref := r.Ref
	ref.Version = version
	got := r.Source.Fetch(ctx, []source.Ref{ref})[ref]
	if got.Err != nil {
		return source.Secret{}, fmt.Errorf("read version %s: %w", source.Show(version), got.Err)
	}
	return got.Secret, nil
}

// prove applies and verifies the candidate, and publishes it.
func (r *Rotation) prove(ctx context.Context, c Candidate, now newest) error {
	if now.trace.Version != c.After {
		return r.giveUp(ctx, c, fmt.Errorf("%w: version %s is in force, and the rotation began with version %s", source.ErrChanged, source.Show(now.trace.Version), source.Show(c.After)))
	}
	for _, step := range []Step{Apply, Verify} {
		if err := r.step(ctx, step, Values{On: c.Value, Other: now.value, Version: now.trace.Version}); err != nil {
			return r.giveUp(ctx, c, err)
		}
	}
	err := r.Keeper.Publish(ctx, c, now.trace)
	if err == nil {
		return nil
	}
	// A request whose answer was lost may have been carried out, or be carried out yet.
	err = fmt.Errorf("publish: %w", err)
	after, readErr := r.newest(ctx)
	if readErr != nil {
		return fmt.Errorf("%w: %w", ErrUnfinished, err)
	}
	switch published, readErr := r.isPublished(ctx, c, after); {
	case readErr != nil:
		return fmt.Errorf("%w: %w", ErrUnfinished, err)
	case published:
		return nil
	case errors.Is(err, source.ErrUnreachable):
		return fmt.Errorf("%w: %w", ErrUnfinished, err)
	}
	return r.giveUp(ctx, c, err)
}

func (r *Rotation) step(ctx context.Context, s Step, v Values) error {
	if err := r.Run(ctx, s, v); err != nil {
		return &StepError{s, err}
	}
	return nil
}

func same(a, b source.Secret) bool { return bytes.Equal(a.Reveal(), b.Reveal()) }

// State is how far a rotation is.
type State int

// The states.
const (
	Idle      State = iota // there is no unfinished rotation
	Kept                   // a candidate is kept, and not published
	Published              // the candidate is published, and the rest remains
)

// State returns the state of the secret. It writes nothing.
func (r *Rotation) State(ctx context.Context) (State, error) {
	now, err := r.newest(ctx)
	if err != nil {
		return Idle, err
	}
	c, err := r.Keeper.Find(ctx)
	if errors.Is(err, source.ErrNotFound) {
		return Idle, nil
	}
	if err != nil {
		return Idle, err
	}
	published, err := r.isPublished(ctx, c, now)
	if err == nil && published {
		return Published, nil
	}
	return Kept, err
}
