package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"unicode/utf8"

	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// pageSize is the number of bytes of items that Scan reads before it releases the file.
const pageSize = 1 << 20

// Newest implements store.Reader.
func (s *Store) Newest(ctx context.Context, name string) (credstash.Item, error) {
	return s.read(ctx, name, func(versions *bolt.Bucket) (version, value []byte) { return versions.Cursor().Last() })
}

// Get implements store.Reader.
func (s *Store) Get(ctx context.Context, name, version string) (credstash.Item, error) {
	return s.read(ctx, name, func(versions *bolt.Bucket) ([]byte, []byte) {
		return []byte(version), versions.Get([]byte(version))
	})
}

func (s *Store) read(ctx context.Context, name string, pick func(*bolt.Bucket) (version, value []byte)) (item credstash.Item, err error) {
	err = s.do(ctx, false, func(tx *bolt.Tx) error {
		versions := tx.Bucket([]byte(itemsBucket)).Bucket([]byte(name))
		if versions == nil {
			return source.ErrNotFound
		}
		version, value := pick(versions)
		if value == nil {
			return source.ErrNotFound
		}
		item = decode(name, string(version), value)
		return nil
	})
	return item, err
}

// Versions implements store.VersionLister.
func (s *Store) Versions(ctx context.Context, name string) (items []credstash.Item, err error) {
	err = s.do(ctx, false, func(tx *bolt.Tx) error {
		versions := tx.Bucket([]byte(itemsBucket)).Bucket([]byte(name))
		if versions == nil {
			return nil
		}
		return versions.ForEach(func(version, value []byte) error {
			items = append(items, keysOf(decode(name, string(version), value)))
			return nil
		})
	})
	return items, err
}

func keysOf(it credstash.Item) credstash.Item {
	return credstash.Item{Name: it.Name, Version: it.Version, Comment: it.Comment, Algorithm: it.Algorithm, Key: it.Key}
}

// Scan implements store.Scanner, in byte order of names and versions. It reads about a
// megabyte at a time and releases the file in between, so that the caller can use the
// store during the scan.
func (s *Store) Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error] {
	return func(yield func(credstash.Item, error) bool) {
		for p := (page{}); !p.last; {
			if err := s.do(ctx, false, p.next); err != nil {
				yield(credstash.Item{}, err)
				return
			}
			for _, item := range p.items {
				if keysOnly {
					item = credstash.Item{Name: item.Name, Version: item.Version, Comment: item.Comment}
				}
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// page is a part of a scan.
type page struct {
	items []credstash.Item
	last  bool

	name, version []byte // the last item read
}

// next reads the page after the last item.
func (p *page) next(tx *bolt.Tx) error {
	items, size := tx.Bucket([]byte(itemsBucket)), 0
	p.items = p.items[:0]
	names := items.Cursor()
	for name, _ := names.Seek(p.name); name != nil; name, _ = names.Next() {
		versions := items.Bucket(name).Cursor()
		for version, value := p.resume(versions, name); version != nil; version, value = versions.Next() {
			p.items = append(p.items, decode(string(name), string(version), value))
			if size += len(value); size >= pageSize {
				p.name, p.version = bytes.Clone(name), bytes.Clone(version) // bbolt's own bytes are invalid once the file is closed
				return nil
			}
		}
	}
	p.last = true
	return nil
}

func (p *page) resume(versions *bolt.Cursor, name []byte) (version, value []byte) {
	if string(name) != string(p.name) {
		return versions.First()
	}
	version, value = versions.Seek(p.version)
	if string(version) == string(p.version) {
		return versions.Next()
	}
	return version, value // it was deleted during the scan
}

// Put implements store.Writer.
func (s *Store) Put(ctx context.Context, item credstash.Item) error {
	value, err := encode(item)
	if err != nil {
		return err
	}
	return s.do(ctx, true, func(tx *bolt.Tx) error {
		if err := s.checkWrapper(tx, item.Key); err != nil {
			return err
		}
		versions, err := tx.Bucket([]byte(itemsBucket)).CreateBucketIfNotExists([]byte(item.Name))
		if err != nil {
			return fmt.Errorf("put %s: %w", source.Show(item.Name), err)
		}
		if versions.Get([]byte(item.Version)) != nil {
			return source.ErrExists
		}
		return versions.Put([]byte(item.Version), value)
	})
}

// Delete implements store.Writer.
func (s *Store) Delete(ctx context.Context, held credstash.Item) error {
	return s.do(ctx, true, func(tx *bolt.Tx) error {
		items := tx.Bucket([]byte(itemsBucket))
		versions := items.Bucket([]byte(held.Name))
		if versions == nil {
			return nil
		}
		stored := versions.Get([]byte(held.Version))
		if stored == nil {
			return nil
		}
		if len(held.Key) > 0 && !bytes.Equal(decode(held.Name, held.Version, stored).Key, held.Key) {
			return fmt.Errorf("delete: %w", source.ErrChanged)
		}
		if err := versions.Delete([]byte(held.Version)); err != nil {
			return err
		}
		if left, _ := versions.Cursor().First(); left != nil {
			return nil
		}
		return items.DeleteBucket([]byte(held.Name))
	})
}

// encode returns an item as it is stored: DynamoDB's JSON of its attributes.
func encode(item credstash.Item) ([]byte, error) {
	attrs := item.Encode()
	for name, a := range attrs {
		if !utf8.ValidString(a.S) { // the encoder would replace invalid bytes silently
			return nil, fmt.Errorf("%w: attribute %s is not UTF-8", source.ErrRef, source.Show(name))
		}
	}
	return json.Marshal(attrs)
}

// decode reads what encode wrote. An unreadable value is an item with a fault, as in a
// table: fetching it fails, and other items are not affected.
func decode(name, version string, value []byte) credstash.Item {
	var attrs map[string]credstash.Attribute
	if err := json.Unmarshal(value, &attrs); err != nil {
		return faulty(name, version)
	}
	item, err := credstash.Decode(attrs)
	if err != nil || item.Name != name || item.Version != version {
		return faulty(name, version)
	}
	return item
}

func faulty(name, version string) credstash.Item {
	return credstash.Item{Name: name, Version: version,
		Fault: fmt.Errorf("%w: the stored item is garbled", source.ErrIntegrity)}
}

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
