package kms

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/credrender/credrender/internal/awserr"
	"github.com/credrender/credrender/pkg/source"
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

// KeyState is what [Keys.EnsureKey] found or made.
type KeyState struct {
	ARN     string
	Created bool // with yearly rotation and the alias
}

// EnsureKey makes sure that the key is there and usable. A missing one is made
// if it was named by alias ("alias/NAME"): symmetric, rotated every year. The
// alias comes last, so that one which exists means a finished key. An existing
// key is left as it is; one that is disabled, or for another use, is ErrUnfit.
func (k *Keys) EnsureKey(ctx context.Context) (KeyState, error) {
	out, err := k.api.describeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(k.key)})
	if err == nil {
		return foundKey(out.KeyMetadata)
	}
	err = awserr.Wrap("look up key "+k.key, err)
	if !errors.Is(err, source.ErrNoStore) || !strings.HasPrefix(k.key, "alias/") {
		return KeyState{}, err
	}
	return k.makeKey(ctx)
}

func foundKey(m *types.KeyMetadata) (KeyState, error) {
	arn := aws.ToString(m.Arn)
	switch {
	case m.KeyUsage != types.KeyUsageTypeEncryptDecrypt || m.KeySpec != types.KeySpecSymmetricDefault:
		return KeyState{}, fmt.Errorf("%w: %s is %s for %s", ErrUnfit, arn, m.KeySpec, m.KeyUsage)
	case m.KeyState != types.KeyStateEnabled:
		return KeyState{}, fmt.Errorf("%w: %s is %s", ErrUnfit, arn, m.KeyState)
	}
	return KeyState{ARN: arn}, nil
}

func (k *Keys) makeKey(ctx context.Context) (KeyState, error) {
	made, err := k.api.createKey(ctx, &kms.CreateKeyInput{
		Description: aws.String("data keys of secrets (credstash format)"),
		KeyUsage:    types.KeyUsageTypeEncryptDecrypt,
		KeySpec:     types.KeySpecSymmetricDefault,
	})
	if err != nil {
		return KeyState{}, awserr.Wrap("create key", err)
	}
	id, arn := made.KeyMetadata.KeyId, aws.ToString(made.KeyMetadata.Arn)
	if _, err := k.api.enableRotation(ctx, &kms.EnableKeyRotationInput{KeyId: id}); err != nil {
		return KeyState{}, &OrphanError{arn, awserr.Wrap("enable key rotation", err)}
	}
	if _, err := k.api.createAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(k.key), TargetKeyId: id}); err != nil {
		return KeyState{}, &OrphanError{arn, awserr.Wrap("create "+k.key, err)}
	}
	return KeyState{ARN: arn, Created: true}, nil
}
