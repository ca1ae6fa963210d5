package kms_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/test/awsfake"
)

const role = "arn:aws:iam::123456789012:role/team/web"

func request(t *testing.T, pairs map[string]string) kms.GrantRequest {
	t.Helper()
	c, err := source.NewContext(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return kms.GrantRequest{Principal: role, Access: kms.Read, Match: kms.Equals, Context: c}
}

func openAdmin(t *testing.T, srv *awsfake.Server) (*kms.Admin, *awskms.Client) {
	t.Helper()
	cfg := srv.Client(t, awsfake.OneAttempt)
	// smithy closes a request's body when the answer begins. Where net/http has
	// not yet read that body to its end, on a busy machine with a server as near
	// as this one, it gives up the connection, and the SDK tries again.
	cfg.RetryMaxAttempts = 3
	a := kms.NewAdmin(cfg, alias)
	if _, err := a.SetUp(t.Context(), kms.SetupOptions{}); err != nil {
		t.Fatal(err)
	}
	return a, awskms.NewFromConfig(cfg.Config)
}

// A role that was just made is waited for, anything else is not.
func TestNewRole(t *testing.T) {
	srv := awsfake.Start(t)
	a, _ := openAdmin(t, srv)
	r := request(t, map[string]string{"env": "prod"})
	srv.Fail(awsfake.Rule{Operation: "CreateGrant", Code: "InvalidArnException", Times: 1})
	told := 0
	made, err := a.Grant(t.Context(), r, time.Minute, func(time.Duration) { told++ })
	if err != nil || told != 1 || made.Existed || made.Token == "" || !strings.HasPrefix(made.Name, "credrender-read-web-") {
		t.Fatalf("got %+v, %v, told %d times", made, err, told)
	}
	remove := srv.Fail(awsfake.Rule{Operation: "CreateGrant", Code: "InvalidArnException"})
	if _, err := a.Grant(t.Context(), r, 0, nil); !errors.Is(err, kms.ErrGrantee) {
		t.Errorf("got %v, want %v", err, kms.ErrGrantee)
	}
	remove()
	before := srv.Count(awsfake.KMS, "CreateGrant")
	srv.Fail(awsfake.Rule{Operation: "CreateGrant", Code: "AccessDeniedException"})
	if _, err := a.Grant(t.Context(), r, time.Hour, nil); !errors.Is(err, source.ErrDenied) || wire.Code(err) == "" {
		t.Errorf("got %v, want %v", err, source.ErrDenied)
	}
	if got := srv.Count(awsfake.KMS, "CreateGrant") - before; got != 1 {
		t.Errorf("a refusal was tried %d times", got)
	}
}

// Who may create grants and not list them gets the grant all the same.
func TestGrantWithoutListing(t *testing.T) {
	srv := awsfake.Start(t)
	a, _ := openAdmin(t, srv)
	srv.Fail(awsfake.Rule{Operation: "ListGrants", Code: "AccessDeniedException"})
	r := request(t, map[string]string{"env": "prod"})
	first, err := a.Grant(t.Context(), r, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := a.Grant(t.Context(), r, 0, nil); err != nil || again.ID != first.ID {
		t.Errorf("got %+v, %v, want the grant %s", again, err, first.ID)
	}
}

// A grant that somebody else made, with the same words, is not ours.
func TestForeignGrant(t *testing.T) {
	a, admin := openAdmin(t, awsfake.Start(t))
	d, err := a.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := admin.CreateGrant(t.Context(), &awskms.CreateGrantInput{
		KeyId: &d.ARN, GranteePrincipal: aws.String(role), Name: aws.String("credstash:web"), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		Constraints: &types.GrantConstraints{EncryptionContextEquals: map[string]string{"env": "prod"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, map[string]string{"env": "prod"})
	if found, err := a.Find(t.Context(), r); err != nil || len(found) != 0 {
		t.Errorf("got %v, %v", found, err)
	}
	ours, err := a.Grant(t.Context(), r, 0, nil)
	if err != nil || ours.Existed || ours.ID == *foreign.GrantId {
		t.Errorf("got %+v, %v", ours, err)
	}
	all, err := a.Grants(t.Context(), "")
	if err != nil || len(all) != 2 || all[0].Ours || !all[1].Ours {
		t.Errorf("got %+v, %v", all, err)
	}
	if diff := cmp.Diff(map[string]string{"env": "prod"}, all[1].Context); diff != "" {
		t.Error(diff)
	}
}

// Equal requests have one name, others have others.
func TestGrantNames(t *testing.T) {
	base := request(t, map[string]string{"env": "prod"})
	names := map[string]bool{base.Name(): true}
	for _, change := range []func(*kms.GrantRequest){
		func(r *kms.GrantRequest) { r.Access = kms.Write },
		func(r *kms.GrantRequest) { r.Match = kms.Subset },
		func(r *kms.GrantRequest) { r.Principal += "2" },
		func(r *kms.GrantRequest) { r.Principal = strings.Replace(r.Principal, "team", "other", 1) },
		func(r *kms.GrantRequest) { r.Context = request(t, map[string]string{"Env": "prod"}).Context },
	} {
		r := base
		change(&r)
		if names[r.Name()] {
			t.Errorf("%+v is named %s as another", r, r.Name())
		}
		names[r.Name()] = true
	}
	if got := request(t, map[string]string{"env": "prod"}).Name(); !names[got] {
		t.Errorf("the name changed to %s", got)
	}
}

func TestMoreThanOnePageOfGrants(t *testing.T) {
	a, _ := openAdmin(t, awsfake.Start(t))
	for i := range 101 {
		if _, err := a.Grant(t.Context(), request(t, map[string]string{"n": strings.Repeat("x", i+1)}), 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := a.Grants(t.Context(), role); err != nil || len(all) != 101 {
		t.Errorf("got %d, %v", len(all), err)
	}
}

// endless answers each list with the same page, as if there were more.
type endless struct{ aws.HTTPClient }

func (e endless) Do(r *http.Request) (*http.Response, error) {
	answer, err := e.HTTPClient.Do(r)
	if err == nil && strings.Contains(r.Header.Get("X-Amz-Target"), ".List") {
		body := `{"Truncated":true,"NextMarker":"m","Grants":[],"Tags":[]}`
		answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	return answer, err
}

// A list ends where its pages come again and again.
func TestListsEnd(t *testing.T) {
	srv := awsfake.Start(t)
	open(t, srv)
	client := srv.Client(t, awsfake.OneAttempt)
	client.HTTPClient = endless{client.HTTPClient}
	admin := kms.NewAdmin(client, "alias/credstash")
	if _, err := admin.Grants(t.Context(), ""); err == nil {
		t.Error("grants: no error")
	}
	if _, err := admin.SetUp(t.Context(), kms.SetupOptions{Tags: map[string]string{"a": "b"}}); err == nil {
		t.Error("tags: no error")
	}
}
