// Package keys implements the fake's KMS: symmetric keys, aliases and encryption contexts, with
// key policies and grants enforced.
//
// region.go has the keys of a region and routes requests to them. admin.go creates and
// describes keys, state.go changes their state, and crypt.go encrypts and decrypts. access.go
// decides who may do that, by policy.go and grant.go.
package keys

import (
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// Options change what is as in AWS by default.
type Options struct {
	// PerSecond is the quota of cryptographic requests; zero: none.
	PerSecond int
	// GrantDelay is how long a new grant counts only for requests that carry its
	// token. AWS says usually less than five minutes.
	GrantDelay time.Duration
	// Identity says whether a principal's own policies allow an action on a
	// resource, in requests with these condition keys; nil: they allow all. Key
	// policies decide whether that counts.
	Identity func(principal, action, resource string, keys map[string][]string) bool
	// Now is the clock of dates, grants and the quota.
	Now func() time.Time
}

// Region is what one region of the account holds.
type Region struct {
	name    string
	opts    Options
	keys    map[string]*key   // by key id
	aliases map[string]string // to key ids
	quota   quota
}

// NewRegion returns a region without keys. Not safe for concurrent use.
func NewRegion(name string, o Options) *Region {
	return &Region{name: name, opts: o, keys: map[string]*key{}, aliases: map[string]string{}}
}

func (r *Region) arn(resource string) string { return wire.ARN(wire.KMS, r.name, resource) }

// quota counts the requests of a second.
type quota struct {
	second int64
	used   int
}

// charge counts a cryptographic request, or throttles it. All cryptographic
// operations share one quota
// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html).
func (r *Region) charge() error {
	if r.opts.PerSecond == 0 {
		return nil
	}
	if now := r.opts.Now().Unix(); now != r.quota.second {
		r.quota = quota{second: now}
	}
	if r.quota.used == r.opts.PerSecond {
		return &wire.Error{Code: "ThrottlingException", Message: "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."}
	}
	r.quota.used++
	return nil
}

// Call is a decoded request.
type Call struct{ in input }

type input interface {
	describe(*wire.Request)
	run(*Region, *wire.Request) (any, error)
}

// Describe fills in the facts that rules and tests look at.
func (c Call) Describe(req *wire.Request) { c.in.describe(req) }

// Run carries the request out for req.Principal.
func (c Call) Run(r *Region, req *wire.Request) (any, error) {
	switch req.Operation {
	case "GenerateDataKey", "Encrypt", "Decrypt", "ReEncrypt":
		if err := r.charge(); err != nil {
			return nil, err
		}
	}
	return c.in.run(r, req)
}

// Decode reads the body of a request for an operation.
func Decode(operation string, body []byte) (Call, error) {
	in := newInput(operation)
	if in == nil {
		return Call{}, wire.NotImplemented("KMS's %s", operation)
	}
	return Call{in}, wire.Decode(operation, body, in)
}

func newInput(operation string) input {
	switch operation {
	case "CreateAlias":
		return new(createAlias)
	case "CreateGrant":
		return new(createGrant)
	case "CreateKey":
		return new(createKey)
	case "CancelKeyDeletion":
		return new(cancelDeletion)
	case "Decrypt":
		return new(decrypt)
	case "DescribeKey":
		return new(describeKeyInput)
	case "DisableKey":
		return new(disableKey)
	case "EnableKey":
		return new(enableKey)
	case "EnableKeyRotation":
		return new(enableRotation)
	case "Encrypt":
		return new(encrypt)
	case "GenerateDataKey":
		return new(generateDataKey)
	case "GetKeyPolicy":
		return new(getPolicy)
	case "GetKeyRotationStatus":
		return new(rotationStatus)
	case "ListAliases":
		return new(listAliases)
	case "ListResourceTags":
		return new(listTags)
	case "TagResource":
		return new(tagResource)
	case "ListGrants":
		return new(listGrants)
	case "PutKeyPolicy":
		return new(putPolicy)
	case "ReEncrypt":
		return new(reEncrypt)
	case "RetireGrant":
		return new(retireGrant)
	case "RevokeGrant":
		return new(revokeGrant)
	case "ScheduleKeyDeletion":
		return new(scheduleDeletion)
	}
	return nil
}
