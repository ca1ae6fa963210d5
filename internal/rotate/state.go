package rotate

import (
	"context"
	"errors"

	"github.com/credrender/credrender/pkg/source"
)

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
