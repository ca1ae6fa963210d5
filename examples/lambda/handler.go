package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

type request struct {
	Path string `json:"path"`
}

type response struct {
	Signature string `json:"signature"`
}

// handler signs links with a key that it keeps between invocations, maxAge
// at most: a new version is in use that much after it was put.
type handler struct {
	secrets source.Source
	key     source.Ref
	maxAge  time.Duration
	now     func() time.Time

	mu      sync.Mutex
	held    source.Secret
	fetched time.Time
}

func (h *handler) handle(ctx context.Context, r request) (response, error) {
	key, err := h.signingKey(ctx)
	if err != nil {
		return response{}, err
	}
	mac := hmac.New(sha256.New, key.Reveal())
	mac.Write([]byte(r.Path))
	return response{hex.EncodeToString(mac.Sum(nil))}, nil
}

// signingKey goes on with the key it has where AWS does not answer: that is
// better than no service. One that has been deleted or denied is given up.
func (h *handler) signingKey(ctx context.Context) (source.Secret, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.fetched.IsZero() && h.now().Sub(h.fetched) < h.maxAge {
		return h.held, nil
	}
	result := h.secrets.Fetch(ctx, []source.Ref{h.key})[h.key]
	switch {
	case result.Err == nil:
		h.held, h.fetched = result.Secret, h.now()
	case !h.fetched.IsZero() && away(result.Err):
		return h.held, nil
	default:
		return source.Secret{}, fmt.Errorf("fetch signing key: %w", result.Err)
	}
	return h.held, nil
}

// away: AWS has said nothing about the secret.
func away(err error) bool {
	return errors.Is(err, source.ErrUnreachable) || errors.Is(err, source.ErrThrottled)
}
