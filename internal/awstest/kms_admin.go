package awstest

import (
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

func kmsOperations() []operation {
	return []operation{
		op[createKey](KMS, "CreateKey"),
		op[createAlias](KMS, "CreateAlias"),
		op[describeKeyInput](KMS, "DescribeKey"),
		op[listAliases](KMS, "ListAliases"),
		op[enableRotation](KMS, "EnableKeyRotation"),
		op[rotationStatus](KMS, "GetKeyRotationStatus"),
		op[enableKey](KMS, "EnableKey"),
		op[disableKey](KMS, "DisableKey"),
		op[scheduleDeletion](KMS, "ScheduleKeyDeletion"),
		op[generateDataKey](KMS, "GenerateDataKey"),
		op[encrypt](KMS, "Encrypt"),
		op[decrypt](KMS, "Decrypt"),
		op[reEncrypt](KMS, "ReEncrypt"),
	}
}

// The states of a key that are told apart.
const (
	stateEnabled  = "Enabled"
	stateDisabled = "Disabled"
	stateDeletion = "PendingDeletion"
)

type key struct {
	id, arn     string
	material    []byte
	description string
	state       string
	rotation    bool
	created     time.Time
	deletion    time.Time
}

func (k *key) metadata() map[string]any {
	m := map[string]any{
		"AWSAccountId": Account, "KeyId": k.id, "Arn": k.arn, "Description": k.description,
		"CreationDate": seconds(k.created), "Enabled": k.state == stateEnabled, "KeyState": k.state,
		"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": []string{"SYMMETRIC_DEFAULT"},
		"Origin": "AWS_KMS", "KeyManager": "CUSTOMER", "MultiRegion": false,
	}
	if k.state == stateDeletion {
		m["DeletionDate"] = seconds(k.deletion)
	}
	return m
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// usable refuses keys that KMS refuses for cryptography, with its words.
func (k *key) usable() error {
	switch k.state {
	case stateDisabled:
		return &apiError{Code: "DisabledException", Message: k.arn + " is disabled."}
	case stateDeletion:
		return &apiError{Code: "KMSInvalidStateException", Message: k.arn + " is pending deletion."}
	}
	return nil
}

func kmsNotFound(format string, args ...any) error {
	return &apiError{Code: "NotFoundException", Message: fmt.Sprintf(format, args...)}
}

// key finds a key by id or alias, or the ARN of either.
func (r *region) key(ref string) (*key, error) {
	id := ref
	if strings.HasPrefix(ref, "arn:") {
		prefix := r.arn("kms", "")
		if !strings.HasPrefix(ref, prefix) {
			return nil, kmsNotFound("Invalid arn %s", r.name)
		}
		id = strings.TrimPrefix(strings.TrimPrefix(ref, prefix), "key/")
	}
	if strings.HasPrefix(id, "alias/") {
		target, ok := r.aliases[id]
		if !ok {
			return nil, kmsNotFound("Alias %s is not found.", r.arn("kms", id))
		}
		return r.keys[target], nil
	}
	if k := r.keys[id]; k != nil {
		return k, nil
	}
	return nil, kmsNotFound("Key '%s' does not exist", r.arn("kms", "key/"+id))
}

// onKey is a request for one key.
type onKey struct {
	KeyID string `json:"KeyId"`
}

func (o onKey) describe(r *Request) { r.KeyID = o.KeyID }

// change finds the key and alters it.
func (o onKey) change(r *region, alter func(*key)) (any, error) {
	k, err := r.key(o.KeyID)
	if err != nil {
		return nil, err
	}
	alter(k)
	return map[string]any{}, nil
}

type createKey struct {
	Description string
	KeyUsage    string
	KeySpec     string
	Tags        []struct{ TagKey, TagValue string }
}

func (*createKey) describe(*Request) {}

func (c *createKey) run(r *region) (any, error) {
	if c.KeyUsage != "" && c.KeyUsage != "ENCRYPT_DECRYPT" || c.KeySpec != "" && c.KeySpec != "SYMMETRIC_DEFAULT" {
		return nil, notImplemented("a key for %s with %s", c.KeyUsage, c.KeySpec)
	}
	b := random(16)
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	k := &key{
		id: id, arn: r.arn("kms", "key/"+id), material: random(32),
		description: c.Description, state: stateEnabled, created: r.srv.opts.Now(),
	}
	r.keys[id] = k
	return map[string]any{"KeyMetadata": k.metadata()}, nil
}

// random cannot fail: rand.Read ends the program first.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

type createAlias struct {
	AliasName   string
	TargetKeyID string `json:"TargetKeyId"`
}

func (c *createAlias) describe(r *Request) { r.KeyID = c.AliasName }

var aliasName = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)

func (c *createAlias) run(r *region) (any, error) {
	if !aliasName.MatchString(c.AliasName) || strings.HasPrefix(c.AliasName, "alias/aws/") {
		return nil, &apiError{Code: "InvalidAliasNameException", Message: "Invalid alias name"}
	}
	if _, ok := r.aliases[c.AliasName]; ok {
		return nil, &apiError{Code: "AlreadyExistsException", Message: "An alias with the name " + r.arn("kms", c.AliasName) + " already exists"}
	}
	k, err := r.key(c.TargetKeyID)
	if err != nil {
		return nil, err
	}
	if k.state == stateDeletion {
		return nil, k.usable()
	}
	r.aliases[c.AliasName] = k.id
	return map[string]any{}, nil
}

type describeKeyInput struct{ onKey }

func (d *describeKeyInput) run(r *region) (any, error) {
	k, err := r.key(d.KeyID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyMetadata": k.metadata()}, nil
}

type listAliases struct {
	onKey
	Limit  *int
	Marker string
}

func (l *listAliases) run(r *region) (any, error) {
	limit := 50
	if l.Limit != nil {
		limit = *l.Limit
	}
	var id string
	if l.KeyID != "" {
		k, err := r.key(l.KeyID)
		if err != nil {
			return nil, err
		}
		id = k.id
	}
	list := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(r.aliases)) {
		if name <= l.Marker || id != "" && r.aliases[name] != id {
			continue
		}
		if len(list) == limit {
			return map[string]any{"Aliases": list, "Truncated": true, "NextMarker": list[limit-1]["AliasName"]}, nil
		}
		list = append(list, map[string]any{"AliasName": name, "AliasArn": r.arn("kms", name), "TargetKeyId": r.aliases[name]})
	}
	return map[string]any{"Aliases": list, "Truncated": false}, nil
}

type enableRotation struct{ onKey }

func (e *enableRotation) run(r *region) (any, error) {
	k, err := r.key(e.KeyID)
	if err == nil {
		err = k.usable()
	}
	if err != nil {
		return nil, err
	}
	k.rotation = true
	return map[string]any{}, nil
}

type rotationStatus struct{ onKey }

func (s *rotationStatus) run(r *region) (any, error) {
	k, err := r.key(s.KeyID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyRotationEnabled": k.rotation}, nil
}

type enableKey struct{ onKey }

func (e *enableKey) run(r *region) (any, error) {
	return e.change(r, func(k *key) { k.state = stateEnabled })
}

type disableKey struct{ onKey }

func (d *disableKey) run(r *region) (any, error) {
	return d.change(r, func(k *key) { k.state = stateDisabled })
}

type scheduleDeletion struct {
	onKey
	PendingWindowInDays *int
}

func (s *scheduleDeletion) run(r *region) (any, error) {
	days := 30
	if s.PendingWindowInDays != nil {
		days = *s.PendingWindowInDays
	}
	k, err := r.key(s.KeyID)
	if err != nil {
		return nil, err
	}
	k.state, k.deletion = stateDeletion, r.srv.opts.Now().AddDate(0, 0, days)
	return map[string]any{"KeyId": k.arn, "KeyState": k.state, "DeletionDate": seconds(k.deletion), "PendingWindowInDays": days}, nil
}
