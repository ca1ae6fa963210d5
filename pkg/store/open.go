package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// opener opens items whose context is one of several.
type opener struct {
	keys    *keyring
	options credstash.OpenOptions
}

func (s *Store) opener() opener { return opener{newKeyring(s.o.Decrypter), s.o.Open} }

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

// reveal decrypts an item. What was seen of it is in the trace also where that
// fails, so that a later probe tells when somebody has mended it.
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

// keyring unwraps the data keys of one batch, each once: KMS charges by the
// call and counts calls against a quota that a region shares.
type keyring struct {
	decrypter Decrypter

	mu   sync.Mutex
	keys map[keyID]func() ([]byte, error)
}

type keyID struct {
	wrapped string
	context source.Context
}

func newKeyring(d Decrypter) *keyring {
	return &keyring{decrypter: d, keys: map[keyID]func() ([]byte, error){}}
}

// unwrap waits for the call that another goroutine has made for the same key.
// All of a batch have one ctx, so that it does not matter whose the call is.
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
