package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// opener decrypts items whose context is one of several.
type opener struct {
	keys    *keyring
	options credstash.OpenOptions
}

func (s *Store) opener() opener {
	return opener{&keyring{decrypter: s.o.Decrypter, keys: map[keyID]func() ([]byte, error){}}, s.o.Open}
}

// open returns the plaintext, and the context that the data key opened with.
func (o opener) open(ctx context.Context, item credstash.Item, contexts []source.Context) (plain []byte, c source.Context, err error) {
	if err := item.Check(); err != nil {
		return nil, c, err
	}
	var dataKey []byte
	for _, c = range contexts {
		dataKey, err = o.keys.unwrap(ctx, item.Key, c)
		if !errors.Is(err, source.ErrWrongContext) {
			break
		}
	}
	if err != nil {
		return nil, c, err
	}
	plain, err = credstash.Open(item, dataKey, o.options)
	return plain, c, err
}

// reveal decrypts an item. The result has a trace even if that fails, so that a later
// probe notices when the item is replaced.
func (o opener) reveal(ctx context.Context, item credstash.Item, contexts []source.Context) source.Result {
	r := source.Result{Trace: trace(item)}
	plain, _, err := o.open(ctx, item, contexts)
	if err != nil {
		r.Err = fmt.Errorf("version %s: %w", source.Show(item.Version), err)
		return r
	}
	r.Secret = source.NewSecret(plain)
	return r
}

func trace(item credstash.Item) source.Trace {
	return source.Trace{Version: item.Version, Mark: credstash.Mark(item), Size: int64(credstash.Size(item))}
}

// keyring unwraps each data key of a batch once: KMS charges by the call, and all
// callers in a region share a quota.
type keyring struct {
	decrypter Decrypter

	mu   sync.Mutex
	keys map[keyID]func() ([]byte, error)
}

type keyID struct {
	wrapped string
	context source.Context
}

// unwrap returns the result of the first call for the same key, and waits for it. All
// calls of a batch have the same ctx, so that it does not matter whose call is made.
func (k *keyring) unwrap(ctx context.Context, wrapped []byte, c source.Context) ([]byte, error) {
	id := keyID{string(wrapped), c}
	k.mu.Lock()
	get, ok := k.keys[id]
	if !ok {
		get = sync.OnceValues(func() ([]byte, error) { return k.decrypter.Decrypt(ctx, wrapped, c.Map()) })
		k.keys[id] = get
	}
	k.mu.Unlock()
	return get()
}
