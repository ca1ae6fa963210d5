package kms

import (
	"context"
	"errors"
	"fmt"
)

// ErrUnfit: the key exists but cannot make data keys.
var ErrUnfit = errors.New("key cannot make data keys")

// OrphanError: a key was created but could not be set up. It costs money until it is
// deleted, and another EnsureKey would create another one.
type OrphanError struct {
	ARN string // of the key
	Err error
}

func (e *OrphanError) Error() string {
	return fmt.Sprintf("%v (the new key %s is unused)", e.Err, e.ARN)
}

// Unwrap returns the cause.
func (e *OrphanError) Unwrap() error { return e.Err }

// EnsureKey creates the key if it is named by alias and does not exist, and checks that it
// is usable. It does not change an existing key. It is [Admin.SetUp] without options.
func (k *Keys) EnsureKey(ctx context.Context) (Setup, error) {
	return (&Admin{client: k.client, key: k.key}).SetUp(ctx, SetupOptions{})
}
