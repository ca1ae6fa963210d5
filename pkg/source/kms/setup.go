package kms

import (
	"context"
	"errors"
	"fmt"
)

// ErrUnfit: the key exists but cannot make data keys.
var ErrUnfit = errors.New("key cannot make data keys")

// OrphanError: a key was made and could not be put to use. It costs money until
// it is deleted, and a further EnsureKey would make another.
type OrphanError struct {
	ARN string // of the key
	Err error
}

func (e *OrphanError) Error() string {
	return fmt.Sprintf("%v (the new key %s is not used by anything)", e.Err, e.ARN)
}

// Unwrap returns the cause.
func (e *OrphanError) Unwrap() error { return e.Err }

// EnsureKey makes sure that the key is there and usable, as [Admin.SetUp] does
// without options: a missing one is made if it was named by alias, an existing
// one is left as it is.
func (k *Keys) EnsureKey(ctx context.Context) (Setup, error) {
	return (&Admin{api: k.admin, key: k.key}).SetUp(ctx, SetupOptions{})
}
