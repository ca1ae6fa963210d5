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
	if _, err := encode(next); err != nil { // next cannot be stored
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
		merged, err := merge(stored, held, next)
		if err != nil {
			return err
		}
		return versions.Put([]byte(held.Version), merged)
	})
}

// merge changes the attributes in which next differs from held, and leaves the
// others as they are stored.
func merge(stored []byte, held, next credstash.Item) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(stored, &all); err != nil {
		return nil, fmt.Errorf("rewrite: %w: the stored item is garbled", source.ErrIntegrity)
	}
	was, is := held.Encode(), next.Encode()
	for name := range was {
		if _, ok := is[name]; !ok {
			delete(all, name)
		}
	}
	for name, a := range is {
		if old, ok := was[name]; ok && old.Equal(a) {
			continue
		}
		value, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		all[name] = value
	}
	return json.Marshal(all)
}
