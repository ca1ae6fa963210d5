package kms

import "context"

// predialer is what a configuration's HTTP client may be able to do besides
// requests: have n connections to the host of url open, until ctx ends.
type predialer interface {
	Predial(ctx context.Context, url string, n int)
}

// Warm implements store.Warmer: it makes connections for n calls of Decrypt at
// once, where cfg's HTTP client can do that, and keeps them until ctx ends. KMS
// speaks HTTP/1.1, so a call in flight is a connection, and a new one takes two
// round trips before its first request.
func (k *Keys) Warm(ctx context.Context, n int) {
	if url := k.decrypts.URL(); k.pool != nil && url != "" {
		k.pool.Predial(ctx, url, n)
	}
}
