package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
)

// finish does what follows publishing: it waits for the hosts, revokes the old value and
// discards the record of the rotation.
func (r *Rotation) finish(ctx context.Context, c Candidate) error {
	now, err := r.newest(ctx)
	if err != nil {
		return err
	}
	r.Note("published as version " + source.Show(now.trace.Version))
	if err := r.end(ctx, c, now); err != nil {
		return err
	}
	if err := r.Keeper.Discard(ctx); err != nil {
		return fmt.Errorf("discard the record of the rotation: %w", err)
	}
	return nil
}

// end runs wait-for and revoke. The old value is not read unless one of them needs it.
func (r *Rotation) end(ctx context.Context, c Candidate, now newest) error {
	if !r.Has(WaitFor) && !r.Has(Revoke) {
		return nil
	}
	old, err := r.version(ctx, c.After)
	if err != nil {
		return err
	}
	if err := r.step(ctx, WaitFor, Values{On: c.Value, Other: old, Version: now.trace.Version}); err != nil || !r.Has(Revoke) {
		return err
	}
	if now, err = r.newest(ctx); err != nil {
		return err
	}
	if same(now.value, old) {
		return fmt.Errorf("%w: version %s", ErrInForce, source.Show(now.trace.Version))
	}
	if err := r.step(ctx, Revoke, Values{On: old, Other: now.value, Version: now.trace.Version}); err != nil {
		return err
	}
	r.Note("the old value is revoked")
	return nil
}

// giveUp undoes what apply did, and discards the candidate if that succeeded. Without a
// command for that, the candidate stays for another try. A rotation that was interrupted
// undoes nothing: it can be continued.
func (r *Rotation) giveUp(ctx context.Context, c Candidate, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	if !r.Has(Unapply) {
		r.Note("the old value is in force; the candidate stays: run this again to retry with it, or with --abort to discard it")
		return cause
	}
	return errors.Join(cause, r.undo(ctx, c))
}

func (r *Rotation) undo(ctx context.Context, c Candidate) error {
	now, err := r.newest(ctx) // somebody else may have changed it, or published it
	if err != nil {
		return err
	}
	published, err := r.isPublished(ctx, c, now)
	if err == nil && published {
		err = ErrPublished
	}
	if err != nil {
		return err
	}
	if err := r.step(ctx, Unapply, Values{On: c.Value, Other: now.value, Version: now.trace.Version}); err != nil {
		return err
	}
	if err := r.Keeper.Discard(ctx); err != nil {
		return fmt.Errorf("discard the candidate: %w", err)
	}
	r.Note("the candidate is discarded; version " + source.Show(now.trace.Version) + " is in force")
	return nil
}

// Abort gives up an unfinished rotation: it runs unapply and discards the candidate.
func (r *Rotation) Abort(ctx context.Context) error {
	c, err := r.Keeper.Find(ctx)
	if errors.Is(err, source.ErrNotFound) {
		return ErrNone
	}
	if err != nil {
		return err
	}
	return r.undo(ctx, c)
}
