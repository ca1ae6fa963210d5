package keys

import (
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

type key struct {
	id, arn     string
	material    []byte
	description string
	state       string
	rotation    bool
	created     time.Time
	deletion    time.Time
	policy      policy
	grants      []*grant // in the order they were made
	tags        map[string]string
}

func (k *key) metadata() map[string]any {
	m := map[string]any{
		"AWSAccountId": wire.Account, "KeyId": k.id, "Arn": k.arn, "Description": k.description,
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

func kmsNotFound(format string, args ...any) error {
	return &wire.Error{Code: "NotFoundException", Message: fmt.Sprintf(format, args...)}
}

// key finds a key by id or alias, or the ARN of either.
func (r *Region) key(ref string) (*key, error) {
	id := ref
	if strings.HasPrefix(ref, "arn:") {
		prefix := r.arn("")
		if !strings.HasPrefix(ref, prefix) {
			return nil, kmsNotFound("Invalid arn %s", r.name)
		}
		id = strings.TrimPrefix(strings.TrimPrefix(ref, prefix), "key/")
	}
	if strings.HasPrefix(id, "alias/") {
		target, ok := r.aliases[id]
		if !ok {
			return nil, kmsNotFound("Alias %s is not found.", r.arn(id))
		}
		return r.keys[target], nil
	}
	if k := r.keys[id]; k != nil {
		return k, nil
	}
	return nil, kmsNotFound("Key '%s' does not exist", r.arn("key/"+id))
}

// keyByID finds a key as key where an alias will not do.
func (r *Region) keyByID(ref string) (*key, error) {
	if strings.Contains(ref, "alias/") {
		return nil, kmsNotFound("Invalid keyId %s", ref)
	}
	return r.key(ref)
}

// onKey is a request for one key.
type onKey struct {
	KeyID string `json:"KeyId"`
}

func (o onKey) describe(r *wire.Request) { r.KeyID = o.KeyID }

type createKey struct {
	Description string
	KeyUsage    string
	KeySpec     string
	Policy      string
	Tags        []tag

	BypassPolicyLockoutSafetyCheck bool
}

func (*createKey) describe(*wire.Request) {}

func (c *createKey) run(r *Region, req *wire.Request) (any, error) {
	if c.KeyUsage != "" && c.KeyUsage != "ENCRYPT_DECRYPT" || c.KeySpec != "" && c.KeySpec != "SYMMETRIC_DEFAULT" {
		return nil, wire.NotImplemented("a key for %s with %s", c.KeyUsage, c.KeySpec)
	}
	if err := r.unowned(req, "CreateKey", "*"); err != nil {
		return nil, err
	}
	if len(c.Tags) > 0 {
		if err := r.unowned(req, "TagResource", "*"); err != nil {
			return nil, err
		}
	}
	p, err := checkedPolicy(c.Policy, req, c.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	b := random(16)
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	k := &key{
		id: id, arn: r.arn("key/" + id), material: random(32),
		description: c.Description, state: stateEnabled, created: r.opts.Now(), policy: p,
		tags: map[string]string{},
	}
	k.addTags(c.Tags)
	r.keys[id] = k
	return map[string]any{"KeyMetadata": k.metadata()}, nil
}

// random cannot fail: rand.Read ends the program first.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

type tag struct{ TagKey, TagValue string }

func (k *key) addTags(tags []tag) {
	for _, t := range tags {
		k.tags[t.TagKey] = t.TagValue
	}
}

type tagResource struct {
	onKey
	Tags []tag
}

func (t *tagResource) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.changing(c, t.KeyID)
	if err != nil {
		return nil, err
	}
	k.addTags(t.Tags)
	return map[string]any{}, nil
}

type listTags struct{ onKey }

func (l *listTags) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.keyByID(l.KeyID)
	if err == nil {
		err = r.authorize(c, k, "ListResourceTags", nil, nil)
	}
	if err != nil {
		return nil, err
	}
	list := []tag{}
	for _, name := range slices.Sorted(maps.Keys(k.tags)) {
		list = append(list, tag{name, k.tags[name]})
	}
	return map[string]any{"Tags": list, "Truncated": false}, nil
}

type createAlias struct {
	AliasName   string
	TargetKeyID string `json:"TargetKeyId"`
}

func (c *createAlias) describe(r *wire.Request) { r.KeyID = c.AliasName }

var aliasName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`) })

func (c *createAlias) run(r *Region, req *wire.Request) (any, error) {
	if !aliasName().MatchString(c.AliasName) || strings.HasPrefix(c.AliasName, "alias/aws/") {
		return nil, &wire.Error{Code: "InvalidAliasNameException", Message: "Invalid alias name"}
	}
	if err := r.unowned(req, "CreateAlias", r.arn(c.AliasName)); err != nil {
		return nil, err
	}
	if _, ok := r.aliases[c.AliasName]; ok {
		return nil, &wire.Error{Code: "AlreadyExistsException", Message: "An alias with the name " + r.arn(c.AliasName) + " already exists"}
	}
	k, err := r.allowed(req, c.TargetKeyID)
	if err != nil {
		return nil, err
	}
	if k.state == stateDeletion {
		return nil, k.usable()
	}
	r.aliases[c.AliasName] = k.id
	return map[string]any{}, nil
}

type describeKeyInput struct {
	onKey
	GrantTokens []string
}

func (d *describeKeyInput) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.key(d.KeyID)
	if err == nil {
		err = r.authorize(c, k, "DescribeKey", nil, d.GrantTokens)
	}
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

func (l *listAliases) run(r *Region, c *wire.Request) (any, error) {
	if err := r.unowned(c, "ListAliases", "*"); err != nil {
		return nil, err
	}
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
		list = append(list, map[string]any{"AliasName": name, "AliasArn": r.arn(name), "TargetKeyId": r.aliases[name]})
	}
	return map[string]any{"Aliases": list, "Truncated": false}, nil
}
