package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Rewrite implements store.Rewriter in one transaction.
func (s *Store) Rewrite(ctx context.Context, held, next credstash.Item) error {
	is, err := encode(next)
	if err != nil {
		return err
	}
	return s.do(ctx, true, func(tx *bolt.Tx) error {
		if err := s.checkWrapper(tx, next.Key); err != nil {
			return err
		}
		versions := tx.Bucket([]byte(itemsBucket)).Bucket([]byte(held.Name))
		if versions == nil {
			return fmt.Errorf("rewrite: %w", source.ErrChanged)
		}
		stored := versions.Get([]byte(held.Version))
		if !bytes.Equal(decode(held.Name, held.Version, stored).Key, held.Key) {
			return fmt.Errorf("rewrite: %w", source.ErrChanged)
		}
		merged, err := merge(stored, held, is)
		if err != nil {
			return err
		}
		return versions.Put([]byte(held.Version), merged)
	})
}

// merge puts the attributes of the format in the place of held's, and leaves
// the others.
func merge(stored []byte, held credstash.Item, is []byte) ([]byte, error) {
	var all, ours map[string]json.RawMessage
	if err := json.Unmarshal(stored, &all); err != nil {
		return nil, fmt.Errorf("rewrite: %w: the stored item is garbled", source.ErrIntegrity)
	}
	if err := json.Unmarshal(is, &ours); err != nil {
		return nil, err
	}
	for name := range held.Encode() {
		delete(all, name)
	}
	for name, value := range ours {
		all[name] = value
	}
	return json.Marshal(all)
}
