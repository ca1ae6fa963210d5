package kms_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/test/awsfake"
)

const alias = "alias/credstash"

// open returns keys that are ready for use.
func open(t *testing.T, srv *awsfake.Server) *kms.Keys {
	t.Helper()
	k := kms.New(srv.Client(t, awsfake.OneAttempt), alias)
	if _, err := k.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

func TestDataKey(t *testing.T) {
	srv := awsfake.Start(t)
	k := open(t, srv)
	for _, n := range []int{1, 32, 64, kms.MaxDataKey} {
		plain, wrapped, err := k.GenerateDataKey(t.Context(), n, map[string]string{"Env.Name": "prod"})
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) != n {
			t.Errorf("got %d bytes, want %d", len(plain), n)
		}
		got, err := k.Decrypt(t.Context(), wrapped, map[string]string{"Env.Name": "prod"})
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes did not come back: %v", n, err)
		}
		for _, wrong := range []map[string]string{nil, {}, {"env.name": "prod"}, {"Env.Name": "prod", "x": "y"}} {
			if _, err := k.Decrypt(t.Context(), wrapped, wrong); !errors.Is(err, source.ErrWrongContext) {
				t.Errorf("context %v: got %v, want %v", wrong, err, source.ErrWrongContext)
			}
		}
	}
	before := srv.Count(awsfake.KMS, "")
	for _, n := range []int{-1, 0, kms.MaxDataKey + 1} {
		if _, _, err := k.GenerateDataKey(t.Context(), n, nil); err == nil {
			t.Errorf("made a key of %d bytes", n)
		}
	}
	if got := srv.Count(awsfake.KMS, ""); got != before {
		t.Error("KMS was asked for a key of no possible size")
	}
}

// No context and an empty one are the same to KMS.
func TestNoContext(t *testing.T) {
	k := open(t, awsfake.Start(t))
	_, wrapped, err := k.GenerateDataKey(t.Context(), 64, map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Decrypt(t.Context(), wrapped, nil); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		rule awsfake.Rule
		want error
	}{
		{awsfake.Rule{Code: "AccessDeniedException", Message: "User: arn:aws:iam::123456789012:user/u is not authorized to perform: kms:Decrypt"}, source.ErrDenied},
		{awsfake.Rule{Code: "InvalidCiphertextException"}, source.ErrWrongContext},
		{awsfake.Rule{Code: "ThrottlingException", Message: "Rate exceeded"}, source.ErrThrottled},
		{awsfake.Rule{Code: "KMSInternalException", Status: 500}, source.ErrUnreachable},
		{awsfake.Rule{Code: "KeyUnavailableException"}, source.ErrUnreachable},
		{awsfake.Rule{Code: "ExpiredTokenException", Message: "The security token included in the request is expired"}, source.ErrCredentials},
		{awsfake.Rule{Reset: true}, source.ErrUnreachable},
		{awsfake.Rule{Cut: true}, source.ErrUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.rule.Code, func(t *testing.T) {
			srv := awsfake.Start(t)
			k := open(t, srv)
			_, wrapped, err := k.GenerateDataKey(t.Context(), 64, nil)
			if err != nil {
				t.Fatal(err)
			}
			tt.rule.Operation = "Decrypt"
			srv.Fail(tt.rule)
			got, err := k.Decrypt(t.Context(), wrapped, nil)
			if !errors.Is(err, tt.want) || got != nil {
				t.Errorf("got %d bytes, %v, want %v", len(got), err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.rule.Code) || !strings.Contains(err.Error(), tt.rule.Message) {
				t.Errorf("%v lacks what AWS said", err)
			}
		})
	}
}

// A key that nobody can use refuses; one that is not there is missing.
func TestKeyStates(t *testing.T) {
	srv := awsfake.Start(t)
	cfg := srv.Client(t, awsfake.OneAttempt)
	k := kms.New(cfg, alias)
	state, err := k.EnsureKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, wrapped, err := k.GenerateDataKey(t.Context(), 64, nil)
	if err != nil {
		t.Fatal(err)
	}
	admin := awskms.NewFromConfig(cfg.Config)
	expect := func(want error) {
		t.Helper()
		if _, err := k.Decrypt(t.Context(), wrapped, nil); !errors.Is(err, want) || !strings.Contains(err.Error(), state.ARN) {
			t.Errorf("Decrypt: got %v, want %v and the key's ARN", err, want)
		}
		if _, _, err := k.GenerateDataKey(t.Context(), 64, nil); !errors.Is(err, want) {
			t.Errorf("GenerateDataKey: got %v, want %v", err, want)
		}
		if _, err := k.EnsureKey(t.Context()); !errors.Is(err, kms.ErrUnfit) {
			t.Errorf("EnsureKey: got %v, want %v", err, kms.ErrUnfit)
		}
	}
	if _, err := admin.DisableKey(t.Context(), &awskms.DisableKeyInput{KeyId: &state.ARN}); err != nil {
		t.Fatal(err)
	}
	expect(source.ErrDenied)
	if _, err := admin.ScheduleKeyDeletion(t.Context(), &awskms.ScheduleKeyDeletionInput{KeyId: &state.ARN}); err != nil {
		t.Fatal(err)
	}
	expect(source.ErrDenied)
	if _, _, err := kms.New(cfg, "alias/none").GenerateDataKey(t.Context(), 64, nil); !errors.Is(err, source.ErrNoStore) {
		t.Errorf("no key: got %v, want %v", err, source.ErrNoStore)
	}
}

func TestEnsureKey(t *testing.T) {
	srv := awsfake.Start(t)
	cfg := srv.Client(t, awsfake.OneAttempt)
	first, err := kms.New(cfg, alias).EnsureKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !first.Created || !strings.HasPrefix(first.ARN, "arn:aws:kms:eu-west-1:123456789012:key/") {
		t.Errorf("got %+v", first)
	}
	rotation, err := awskms.NewFromConfig(cfg.Config).GetKeyRotationStatus(t.Context(), &awskms.GetKeyRotationStatusInput{KeyId: &first.ARN})
	if err != nil || !rotation.KeyRotationEnabled {
		t.Errorf("the key does not rotate: %v", err)
	}
	for _, ref := range []string{alias, first.ARN} {
		again, err := kms.New(cfg, ref).EnsureKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kms.Setup{ARN: first.ARN}, again); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ref, diff)
		}
	}
	if got := srv.Count(awsfake.KMS, "CreateKey"); got != 1 {
		t.Errorf("made %d keys", got)
	}
	if _, err := kms.New(cfg, "1234abcd-12ab-34cd-56ef-1234567890ab").EnsureKey(t.Context()); !errors.Is(err, source.ErrNoStore) {
		t.Errorf("a key id that is not there: got %v, want %v", err, source.ErrNoStore)
	}
	if got := srv.Count(awsfake.KMS, "CreateKey"); got != 1 {
		t.Error("made a key for a key id")
	}
}

// Half a setup names the key that it leaves behind.
func TestOrphan(t *testing.T) {
	for _, operation := range []string{"EnableKeyRotation", "CreateAlias"} {
		t.Run(operation, func(t *testing.T) {
			srv := awsfake.Start(t)
			srv.Fail(awsfake.Rule{Operation: operation, Code: "AccessDeniedException", Message: "no"})
			_, err := kms.New(srv.Client(t, awsfake.OneAttempt), alias).EnsureKey(t.Context())
			orphan, ok := errors.AsType[*kms.OrphanError](err)
			if !ok || !errors.Is(err, source.ErrDenied) {
				t.Fatalf("got %v, want an orphan and %v", err, source.ErrDenied)
			}
			if !strings.HasPrefix(orphan.ARN, "arn:aws:kms:") || !strings.Contains(err.Error(), orphan.ARN) {
				t.Errorf("the key is not named: %v", err)
			}
		})
	}
}

func TestRefusedLookup(t *testing.T) {
	srv := awsfake.Start(t)
	srv.Fail(awsfake.Rule{Operation: "DescribeKey", Code: "AccessDeniedException", Message: "no"})
	_, err := kms.New(srv.Client(t, awsfake.OneAttempt), alias).EnsureKey(t.Context())
	if !errors.Is(err, source.ErrDenied) {
		t.Errorf("got %v, want %v", err, source.ErrDenied)
	}
	if got := srv.Count(awsfake.KMS, "CreateKey"); got != 0 {
		t.Error("made a key without knowing that there was none")
	}
	if facts, ok := errors.AsType[*source.CallError](err); !ok || facts.Code != "AccessDeniedException" || facts.RequestID == "" {
		t.Errorf("got facts %+v", facts)
	}
}
