package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// RekeyRequest selects the secrets whose data keys Rekey wraps anew.
type RekeyRequest struct {
	Scope
	// To, if set, is the new context of every data key; nil: each keeps its own.
	To *source.Context
}

// Rekey wraps the data keys of all versions in scope under the key for writing and, if
// To is set, in another context. It sees neither data keys nor values and does not
// touch the contents: in each item the wrapped key changes, in one conditional write.
// So every item opens with the old key or the new one at any moment, even after Rekey
// was killed. Another Rekey finishes the work, and changes nothing once all is done.
func (s *Store) Rekey(ctx context.Context, r RekeyRequest) ([]Outcome, error) {
	items, err := s.gather(ctx, r.Scope)
	if err != nil {
		return nil, err
	}
	return change(ctx, s, r.Scope, items, func(item credstash.Item) []Outcome {
		o := Outcome{Name: item.Name, Version: item.Version}
		o.Action, o.Err = s.rekey(ctx, r, item)
		return []Outcome{o}
	})
}

// rekey looks again where somebody else was faster. It gives up where the table
// refuses the change as often as maxStuck, and shows the item as it was.
func (s *Store) rekey(ctx context.Context, r RekeyRequest, item credstash.Item) (Action, error) {
	for try, stuck := 0, 0; ; try++ {
		next, moved, err := s.reencrypt(ctx, r, item)
		if err != nil || !moved {
			return Kept, err
		}
		if r.DryRun {
			return Rekeyed, nil
		}
		err = s.o.Rewriter.Rewrite(ctx, item, next)
		if err == nil {
			return Rekeyed, nil
		}
		if stuck++; stuck == maxStuck || !errors.Is(err, source.ErrChanged) {
			return Kept, err
		}
		if err := source.Pause(ctx, try); err != nil {
			return Kept, err
		}
		now, err := s.o.Reader.Get(ctx, item.Name, item.Version)
		if errors.Is(err, source.ErrNotFound) {
			return Kept, nil
		}
		if err != nil {
			return Kept, err
		}
		if !bytes.Equal(now.Key, item.Key) {
			stuck = 0
		}
		item = now
	}
}

// reencrypt tries the contexts that the key may have now and, last, its new one, which
// an earlier run may have set.
func (s *Store) reencrypt(ctx context.Context, r RekeyRequest, item credstash.Item) (next credstash.Item, moved bool, err error) {
	if err := movable(item); err != nil {
		return next, false, err
	}
	froms := r.Contexts.of(item.Name)
	if r.To != nil {
		froms = append(froms[:len(froms):len(froms)], *r.To)
	}
	next = item
	for _, from := range froms {
		to := from
		if r.To != nil {
			to = *r.To
		}
		next.Key, moved, err = s.o.ReEncrypter.ReEncrypt(ctx, item.Key, from.Map(), to.Map())
		if !errors.Is(err, source.ErrWrongContext) {
			break
		}
	}
	if err != nil || !moved {
		return next, false, err
	}
	if len(next.Key) == 0 {
		return next, false, fmt.Errorf("%w: KMS returned an empty data key", source.ErrIntegrity)
	}
	return next, true, credstash.CheckSize(next)
}
