//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The authority on what AWS accepts, without AWS, is botocore: the service
// models, endpoint rules, signers and credential chain that Amazon's own
// command line works by. The tests named TestAuthority compare the binary with it.
// "make authority" runs them alone and prints what they count.

// askBotocore runs a script of test/interop/authority and decodes what it
// prints.
func askBotocore(t *testing.T, out any, stdin []byte, script string, args ...string) {
	t.Helper()
	askBotocoreIn(t, func(f func() error) error { return f() }, out, stdin, script, args...)
}

// askBotocoreIn is askBotocore with the process started by in, which may be in
// another network.
func askBotocoreIn(t *testing.T, in func(func() error) error, out any, stdin []byte, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "python3"), append([]string{filepath.Join("authority", script)}, args...)...)
	cmd.Env = []string{"PATH=" + searchPath(), "HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore"}
	cmd.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := in(cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), out); err != nil {
		t.Fatalf("%s: %v in %s", script, err, stdout.String())
	}
}

// verdict is what botocore makes of recorded requests.
type verdict struct {
	Botocore   string
	Requests   int
	Operations map[string]int
	Violations []struct {
		ID          int
		Label, What string
	}
	Signed, Equal int
	Objects       map[int]string // keys of S3 by request
}

func judge(t *testing.T, requests []sent, keys map[string]string) verdict {
	t.Helper()
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, s := range requests {
		if err := encoder.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	secrets, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	var v verdict
	askBotocore(t, &v, lines.Bytes(), "requests_check.py", string(secrets))
	return v
}

// mustSend are operations that a journey without them would be no proof for.
var mustSend = []string{
	"dynamodb.CreateTable", "dynamodb.DeleteItem", "dynamodb.DescribeTable", "dynamodb.GetItem", "dynamodb.PutItem",
	"dynamodb.Query", "dynamodb.Scan", "kms.CreateAlias", "kms.CreateGrant", "kms.CreateKey", "kms.Decrypt", "kms.Encrypt",
	"kms.GenerateDataKey", "kms.ListGrants", "kms.ReEncrypt", "kms.RevokeGrant", "s3.GetObject", "s3.HeadObject",
	"s3.ListObjectsV2", "s3.PutObject", "secretsmanager.BatchGetSecretValue", "secretsmanager.DescribeSecret",
	"secretsmanager.GetSecretValue", "ssm.GetParameters", "ssm.GetParametersByPath", "sts.AssumeRole", "sts.GetCallerIdentity",
}

// Every request of every command over every source, plain and TLS, has the
// shape, target, content type and URI of botocore's service models, and the
// signature that botocore computes.
func TestAuthorityRequests(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		rec, aws := recorded(t, scheme)
		journey(t, rec, aws)
		v := judge(t, rec.sent, rec.keys)
		t.Logf("%s: botocore %s: %d requests, %d operations, %d violations, %d of %d signatures equal",
			scheme, v.Botocore, v.Requests, len(v.Operations), len(v.Violations), v.Equal, v.Signed)
		for _, violation := range v.Violations {
			t.Errorf("%s: request %d of %q: %s", scheme, violation.ID, violation.Label, violation.What)
		}
		if v.Requests < 150 || v.Signed < v.Requests*9/10 {
			t.Errorf("%s: only %d requests, %d signed: the journey proves little", scheme, v.Requests, v.Signed)
		}
		for _, name := range mustSend {
			if v.Operations[name] == 0 {
				t.Errorf("%s: no %s among %s", scheme, name, strings.Join(slices.Sorted(maps.Keys(v.Operations)), " "))
			}
		}
		if scheme == "http" {
			checkChecker(t, rec)
		}
	}
}

// recorded is an account behind a recorder.
func recorded(t *testing.T, scheme string) (*recorder, account) {
	t.Helper()
	aws := newAccount(t)
	target, _ := strings.CutPrefix(aws.env[0], "AWS_ENDPOINT_URL=")
	if scheme == "http" {
		rec := newRecorder(t, target, nil)
		return rec, account{env: append(slices.Clone(aws.env), "AWS_ENDPOINT_URL="+rec.URL)}
	}
	p := newPair(t, "localhost")
	rec := newRecorder(t, target, &p.tls)
	return rec, account{env: append(slices.Clone(aws.env),
		"AWS_ENDPOINT_URL="+strings.Replace(rec.URL, "127.0.0.1", "localhost", 1),
		"AWS_CA_BUNDLE="+writeFile(t, t.TempDir(), "ca.pem", p.certPEM))}
}
