package kms

import "context"

// Preconnect implements store.Preconnector: it makes connections for n calls of Decrypt at
// once, where the client can do that, and keeps them until ctx ends. KMS
// speaks HTTP/1.1, so a call in flight is a connection, and a new one takes two
// round trips before its first request.
func (k *Keys) Preconnect(ctx context.Context, n int) {
	if url := k.decrypts.URL(ctx); k.client.Preconnect != nil && url != "" {
		k.client.Preconnect(ctx, url, n)
	}
}
