package awsfake_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credrender/credrender/test/awsfake"
)

const (
	readerKey  = "AKIAREADER0000000000"
	readerRole = "arn:aws:iam::123456789012:role/reader"
	onlyUser   = `{"Version":"2012-10-17","Statement":[{"Sid":"Admin","Effect":"Allow","Principal":{"AWS":["` + awsfake.User + `"]},"Action":"kms:*","Resource":"*"}]}`
)

// guarded is a key that only the user administers, a blob of it, and a role
// that has no more than grants give it.
type guarded struct {
	admin, reader *kms.Client
	key           string
	blob          []byte
}

func withGuarded(t *testing.T, o awsfake.Options) guarded {
	t.Helper()
	o.Principals = map[string]string{readerKey: readerRole}
	srv := awsfake.New(o)
	t.Cleanup(srv.Close)
	cfg := srv.Config(t, awsfake.OneAttempt)
	g := guarded{admin: kms.NewFromConfig(cfg)}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(readerKey, "secret", "")
	g.reader = kms.NewFromConfig(cfg)
	made, err := g.admin.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: aws.String(onlyUser)})
	if err != nil {
		t.Fatal(err)
	}
	g.key = *made.KeyMetadata.KeyId
	out, err := g.admin.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &g.key, Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	g.blob = out.CiphertextBlob
	return g
}

func (g guarded) read(ctx context.Context, tokens ...string) error {
	_, err := g.reader.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: g.blob, GrantTokens: tokens})
	return err
}

func (g guarded) grant(t *testing.T, change func(*kms.CreateGrantInput)) *kms.CreateGrantOutput {
	t.Helper()
	in := &kms.CreateGrantInput{KeyId: &g.key, GranteePrincipal: aws.String(readerRole), Operations: []types.GrantOperation{types.GrantOperationDecrypt}}
	if change != nil {
		change(in)
	}
	out, err := g.admin.CreateGrant(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A grant takes its time, but not for those who carry its token.
func TestGrantDelay(t *testing.T) {
	now := newClock()
	g := withGuarded(t, awsfake.Options{GrantDelay: time.Minute, Now: now.Now})
	made := g.grant(t, nil)
	wantCode(t, g.read(t.Context()), "AccessDeniedException", "")
	if err := g.read(t.Context(), *made.GrantToken); err != nil {
		t.Error("with its token:", err)
	}
	wantCode(t, g.read(t.Context(), "garbage"), "InvalidGrantTokenException", "")
	now.pass(time.Minute)
	if err := g.read(t.Context()); err != nil {
		t.Error("after its time:", err)
	}
}

func TestRetireGrant(t *testing.T) {
	g := withGuarded(t, awsfake.Options{})
	made := g.grant(t, nil)
	byToken := &kms.RetireGrantInput{GrantToken: made.GrantToken}
	_, err := g.reader.RetireGrant(t.Context(), byToken)
	wantCode(t, err, "AccessDeniedException", "")
	_, err = g.admin.RetireGrant(t.Context(), &kms.RetireGrantInput{GrantId: made.GrantId})
	wantCode(t, err, "ValidationException", "")
	for what, change := range map[string]func(*kms.CreateGrantInput){
		"the retiring principal": func(in *kms.CreateGrantInput) { in.RetiringPrincipal = aws.String(readerRole) },
		"the grantee": func(in *kms.CreateGrantInput) {
			in.Operations = append(in.Operations, types.GrantOperationRetireGrant)
		},
	} {
		if _, err := g.reader.RetireGrant(t.Context(), &kms.RetireGrantInput{GrantToken: g.grant(t, change).GrantToken}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := g.admin.RetireGrant(t.Context(), byToken); err != nil {
		t.Fatal(err)
	}
	wantCode(t, g.read(t.Context(), *made.GrantToken), "AccessDeniedException", "")
	_, err = g.admin.RetireGrant(t.Context(), byToken)
	wantCode(t, err, "InvalidGrantTokenException", "")
}

// A constraint names the context of cryptography, not of anything else.
func TestGrantedDescribe(t *testing.T) {
	g := withGuarded(t, awsfake.Options{})
	describe := func() error {
		_, err := g.reader.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &g.key})
		return err
	}
	wantCode(t, describe(), "AccessDeniedException", "")
	g.grant(t, func(in *kms.CreateGrantInput) {
		in.Operations = append(in.Operations, types.GrantOperationDescribeKey)
		in.Constraints = &types.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b"}}
	})
	if err := describe(); err != nil {
		t.Error(err)
	}
	wantCode(t, g.read(t.Context()), "AccessDeniedException", "")
}

func TestReEncryptNeedsBothSides(t *testing.T) {
	g := withGuarded(t, awsfake.Options{})
	in := &kms.ReEncryptInput{CiphertextBlob: g.blob, DestinationKeyId: &g.key}
	for _, op := range []types.GrantOperation{types.GrantOperationReEncryptFrom, types.GrantOperationReEncryptTo} {
		_, err := g.reader.ReEncrypt(t.Context(), in)
		wantCode(t, err, "AccessDeniedException", "")
		g.grant(t, func(in *kms.CreateGrantInput) { in.Operations = []types.GrantOperation{op} })
	}
	if _, err := g.reader.ReEncrypt(t.Context(), in); err != nil {
		t.Error(err)
	}
}

func TestGrantLimits(t *testing.T) {
	g := withGuarded(t, awsfake.Options{})
	nine := map[string]string{}
	for _, k := range strings.Split("abcdefghi", "") {
		nine[k] = "x"
	}
	for what, c := range map[string]*types.GrantConstraints{
		"nine pairs":   {EncryptionContextEquals: nine},
		"a long value": {EncryptionContextSubset: map[string]string{"a": strings.Repeat("x", 385)}},
	} {
		_, err := g.admin.CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: &g.key, GranteePrincipal: aws.String(readerRole), Operations: []types.GrantOperation{types.GrantOperationDecrypt}, Constraints: c,
		})
		t.Log(what)
		wantCode(t, err, "ValidationException", "")
	}
	_, err := g.reader.CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: &g.key, GranteePrincipal: aws.String(readerRole), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
	})
	wantCode(t, err, "AccessDeniedException", "")
}

func TestKeyPolicies(t *testing.T) {
	g := withGuarded(t, awsfake.Options{})
	put := func(c *kms.Client, policy string) error {
		_, err := c.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &g.key, Policy: &policy})
		return err
	}
	wantCode(t, put(g.reader, onlyUser), "AccessDeniedException", "")
	wantCode(t, put(g.admin, "{"), "MalformedPolicyDocumentException", "")
	wantCode(t, put(g.admin, strings.ReplaceAll(onlyUser, awsfake.User, readerRole)), "MalformedPolicyDocumentException", "")
	wantCode(t, put(g.admin, strings.ReplaceAll(onlyUser, "Allow", "Deny")), "NotImplemented", "")
	named := strings.TrimSuffix(onlyUser, "]}") + `,{"Effect":"Allow","Principal":{"AWS":"` + readerRole + `"},"Action":["kms:Decrypt","kms:Describe*"],"Resource":"*"}]}`
	if err := put(g.admin, named); err != nil {
		t.Fatal(err)
	}
	if err := g.read(t.Context()); err != nil {
		t.Error("by the policy's own word:", err)
	}
	_, err := g.reader.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &g.key})
	wantCode(t, err, "AccessDeniedException", "")
	out, err := g.admin.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: &g.key})
	if err != nil || *out.Policy != named {
		t.Errorf("got policy %v, %v", out, err)
	}
}

// A role's grants are for all of its sessions.
func TestAssumedRole(t *testing.T) {
	g := withGuarded(t, awsfake.Options{})
	g.grant(t, nil)
	cfg := g.admin.Options()
	c := sts.New(sts.Options{Region: cfg.Region, Credentials: cfg.Credentials, HTTPClient: cfg.HTTPClient}, func(o *sts.Options) { o.BaseEndpoint = cfg.BaseEndpoint })
	as := func(role string) error {
		out, err := c.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("s")})
		if err != nil {
			t.Fatal(err)
		}
		session := credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
		_, err = g.reader.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: g.blob}, func(o *kms.Options) { o.Credentials = session })
		return err
	}
	if err := as(readerRole); err != nil {
		t.Error(err)
	}
	wantCode(t, as("arn:aws:iam::123456789012:role/other"), "AccessDeniedException", "")
}
