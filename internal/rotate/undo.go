package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
)

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
