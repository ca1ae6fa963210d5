package rotate

import (
	"context"
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
