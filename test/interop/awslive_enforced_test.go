//go:build interop

package interop

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
)

// moto enforces neither policies nor grants, and this project's own fake does:
// with DynamoDB, KMS and STS there, and all else at moto, the denials of the
// journey are checked too, and a new grant takes a while to count.
func liveEnforced(t *testing.T, path string) {
	aws := newAccount(t)
	target, _ := strings.CutPrefix(aws.env[0], "AWS_ENDPOINT_URL=")
	fake := awsfake.New(awsfake.Options{GrantDelay: 3 * time.Second})
	t.Cleanup(fake.Close)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mixed(t, fake, target, w, r) }))
	t.Cleanup(front.Close)
	aws.env = append(aws.env, "AWS_ENDPOINT_URL="+front.URL)
	r := aws.live(t, path, binary, "-enforced").want(t, 0)
	if strings.Contains(r.Stdout, "not checked") || !strings.Contains(r.Stdout, "ok 6/7") {
		t.Errorf("it printed\n%s", r.Stdout)
	}
	if n := fake.Count("kms", "RevokeGrant"); n != 1 {
		t.Errorf("%d grants were revoked, want 1", n)
	}
	if n := fake.CountFunc(func(r awsfake.Request) bool { return r.Operation == "Decrypt" && r.Code == "AccessDeniedException" }); n < 3 {
		t.Errorf("KMS denied %d times, want 3 at least: without a grant, with a new one, with another context", n)
	}
	t.Logf("%s", r.Stdout)
}

// mixed sends what is enforced to the fake, and all else to moto. It answers
// the three operations of the clean-up that the fake lacks.
func mixed(t *testing.T, fake *awsfake.Server, moto string, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasSuffix(target, ".DeleteAlias"), strings.HasSuffix(target, ".ListBackups"):
		_, _ = fmt.Fprint(w, "{}")
	case strings.HasSuffix(target, ".ListKeys"):
		_, _ = fmt.Fprint(w, `{"Keys":[]}`)
	case strings.HasPrefix(target, "DynamoDB"), strings.HasPrefix(target, "TrentService"), strings.Contains(r.Header.Get("Authorization"), "/sts/"):
		forward(w, r, body, fake.URL(awsfake.KMS))
	default:
		if strings.Contains(r.Header.Get("Authorization"), "/iam/") {
			restrict(t, fake, string(body))
		}
		forward(w, r, body, moto)
	}
}

// restrict gives a role of the fake the policy that IAM is told.
func restrict(t *testing.T, fake *awsfake.Server, body string) {
	form, err := url.ParseQuery(body)
	if err != nil {
		t.Error(err)
		return
	}
	role := "arn:aws:iam::" + awsfake.Account + ":role/" + form.Get("RoleName")
	switch form.Get("Action") {
	case "CreateRole":
		err = fake.Restrict(role)
	case "PutRolePolicy":
		err = fake.Restrict(role, []byte(form.Get("PolicyDocument")))
	}
	if err != nil {
		t.Error(err)
	}
}
