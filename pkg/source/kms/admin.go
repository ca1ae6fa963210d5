package kms

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Admin creates and configures one KMS key and its grants. It never uses a data key. It
// is safe for concurrent use. Its errors are like those of [Keys].
type Admin struct {
	client *wire.JSONClient
	key    string
}

// NewAdmin returns the administration of a key, named as for [New].
func NewAdmin(client awsconfig.Client, key string) *Admin {
	return &Admin{key: key, client: newClient(client)}
}

// IsAlias reports whether a key is named by alias ("alias/NAME"), and not by
// id or ARN.
func IsAlias(key string) bool { return strings.HasPrefix(key, "alias/") }

// IsID reports whether a key is named by its ID, such as
// 1234abcd-12ab-34cd-56ef-1234567890ab, or mrk- and 32 digits.
func IsID(key string) bool {
	digits := strings.ReplaceAll(strings.TrimPrefix(key, "mrk-"), "-", "")
	return len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// Description is a key as KMS describes it.
type Description struct {
	ARN   string // of the key itself, not of an alias
	State string // "Enabled", "Disabled", "PendingDeletion" and others
	Usage string // "ENCRYPT_DECRYPT"
	Spec  string // "SYMMETRIC_DEFAULT"
}

// Fit reports whether the key can generate data keys. Some emulators leave the usage
// empty if CreateKey did not set it.
func (d Description) Fit() bool {
	return d.State == stateEnabled && (d.Usage == usageEncrypt || d.Usage == "") &&
		d.Spec == specSymmetric
}

// Describe looks the key up. It takes kms:DescribeKey.
func (a *Admin) Describe(ctx context.Context) (Description, error) {
	var out keyOutput
	if err := a.client.Do(ctx, "DescribeKey", &keyInput{KeyID: a.key}, &out); err != nil {
		return Description{}, wire.Wrap("look up key "+a.key, err)
	}
	m := out.KeyMetadata
	return Description{ARN: m.Arn, State: m.KeyState, Usage: m.KeyUsage, Spec: m.KeySpec}, nil
}

// SetupOptions describe the key that [Admin.SetUp] creates.
type SetupOptions struct {
	Tags   map[string]string
	DryRun bool // change nothing
	Update bool // change existing settings that differ
}

// Setup is what [Admin.SetUp] found or made.
type Setup struct {
	ARN     string // empty: a dry run would make the key
	Created bool   // made, or in a dry run to be made
	// Differs lists how an existing key differs from one that SetUp creates, and
	// Changed lists the settings of these that were changed, or would be.
	Differs, Changed []string
}

// SetUp creates the key if it is named by alias and does not exist: symmetric, rotated
// every year, with its tags. It reports existing settings that differ, and changes
// them only with Update. A key that cannot generate data keys is ErrUnfit.
func (a *Admin) SetUp(ctx context.Context, o SetupOptions) (Setup, error) {
	d, err := a.Describe(ctx)
	if errors.Is(err, source.ErrNoStore) && IsAlias(a.key) {
		if o.DryRun {
			return Setup{Created: true}, nil
		}
		return a.make(ctx, o.Tags)
	}
	if err != nil {
		return Setup{}, err
	}
	if !d.Fit() {
		return Setup{ARN: d.ARN}, &UnfitError{d}
	}
	s := Setup{ARN: d.ARN}
	for _, check := range []func(context.Context, *Setup, SetupOptions) error{a.checkRotation, a.checkTags} {
		if err := check(ctx, &s, o); err != nil {
			return s, err
		}
	}
	return s, nil
}

// make creates the key first and its alias last, so that an alias always means a
// finished key.
func (a *Admin) make(ctx context.Context, tags map[string]string) (Setup, error) {
	in := createKeyInput{
		Description: "data keys of secrets (credstash format)",
		KeyUsage:    usageEncrypt,
		KeySpec:     specSymmetric,
		Tags:        tagList(tags),
	}
	var made keyOutput
	if err := a.client.Do(ctx, "CreateKey", &in, &made); err != nil {
		return Setup{}, wire.Wrap("create key", err)
	}
	id, arn := made.KeyMetadata.KeyID, made.KeyMetadata.Arn
	if err := a.client.Do(ctx, "EnableKeyRotation", &keyInput{KeyID: id}, nil); err != nil {
		return Setup{}, &OrphanError{arn, wire.Wrap("enable key rotation", err)}
	}
	if err := a.client.Do(ctx, "CreateAlias", &aliasInput{AliasName: a.key, TargetKeyID: id}, nil); err != nil {
		return Setup{}, &OrphanError{arn, wire.Wrap("create "+a.key, err)}
	}
	return Setup{ARN: arn, Created: true}, nil
}

func (a *Admin) checkRotation(ctx context.Context, s *Setup, o SetupOptions) error {
	var out rotationOutput
	if err := a.client.Do(ctx, "GetKeyRotationStatus", &keyInput{KeyID: s.ARN}, &out); err != nil {
		return unseen(s, o, "rotation", wire.Wrap("look up key rotation", err))
	}
	if out.KeyRotationEnabled {
		return nil
	}
	s.Differs = append(s.Differs, "it is not rotated")
	if !o.Update {
		return nil
	}
	s.Changed = append(s.Changed, "yearly rotation on")
	if o.DryRun {
		return nil
	}
	return wire.Wrap("enable key rotation", a.client.Do(ctx, "EnableKeyRotation", &keyInput{KeyID: s.ARN}, nil))
}

func (a *Admin) checkTags(ctx context.Context, s *Setup, o SetupOptions) error {
	if len(o.Tags) == 0 {
		return nil
	}
	have := map[string]string{}
	in := keyInput{KeyID: s.ARN}
	for {
		var out tagsOutput
		if err := a.client.Do(ctx, "ListResourceTags", &in, &out); err != nil {
			return unseen(s, o, "tags", wire.Wrap("list tags of key", err))
		}
		for _, t := range out.Tags {
			have[t.TagKey] = t.TagValue
		}
		if !out.Truncated {
			break
		}
		if out.NextMarker == in.Marker {
			return wire.Wrap("list tags of key", wire.Broken(wire.ErrOther))
		}
		in.Marker = out.NextMarker
	}
	missing := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(o.Tags)) {
		if v, ok := have[k]; !ok || v != o.Tags[k] {
			missing[k] = o.Tags[k]
			s.Differs = append(s.Differs, "its tag "+k+" is not "+source.Show(o.Tags[k]))
		}
	}
	if !o.Update || len(missing) == 0 {
		return nil
	}
	s.Changed = append(s.Changed, "tags")
	if o.DryRun {
		return nil
	}
	return wire.Wrap("tag key", a.client.Do(ctx, "TagResource", &tagInput{KeyID: s.ARN, Tags: tagList(missing)}, nil))
}

// unseen adds a setting that the caller may not read to the differences. With Update it
// is an error, because the setting should be changed.
func unseen(s *Setup, o SetupOptions, what string, err error) error {
	if o.Update || !errors.Is(err, source.ErrDenied) {
		return err
	}
	s.Differs = append(s.Differs, what+" could not be checked: "+err.Error())
	return nil
}

func tagList(tags map[string]string) (list []tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{TagKey: k, TagValue: tags[k]})
	}
	return list
}

// UnfitError is an ErrUnfit, with what the key is.
type UnfitError struct{ Key Description }

func (e *UnfitError) Error() string {
	why := e.Key.State
	if why == stateEnabled {
		why = e.Key.Spec + " for " + e.Key.Usage
	}
	return ErrUnfit.Error() + ": " + e.Key.ARN + " is " + why
}

// Unwrap returns ErrUnfit.
func (e *UnfitError) Unwrap() error { return ErrUnfit }

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

func (e *OrphanError) Unwrap() error { return e.Err }

// EnsureKey creates the key if it is named by alias and does not exist, and checks that it
// is usable. It does not change an existing key. It is [Admin.SetUp] without options.
func (k *Keys) EnsureKey(ctx context.Context) (Setup, error) {
	return (&Admin{client: k.client, key: k.key}).SetUp(ctx, SetupOptions{})
}
