//go:build interop

package interop

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// errorTrial is a command that needs an operation.
type errorTrial struct {
	operation string // dynamodb.Query
	args      string // split at blanks; $DIR is the trial's folder
	stdin     string
}

// canary is the value of every secret of the trials; it must not show.
const canary = "canary-value-0123456789"

func errorTrials() []errorTrial {
	return []errorTrial{
		{operation: "dynamodb.Query", args: "get db env=prod"},
		{operation: "dynamodb.Query", args: "render $DIR/some.tmpl"},
		{operation: "dynamodb.GetItem", args: "get db -v 1 env=prod"},
		{operation: "dynamodb.Scan", args: "list"},
		{operation: "dynamodb.Scan", args: "getall env=prod"},
		{operation: "dynamodb.PutItem", args: "put db - env=prod", stdin: canary},
		{operation: "dynamodb.DeleteItem", args: "delete db -v 1"},
		{operation: "dynamodb.DescribeTable", args: "setup"},
		{operation: "dynamodb.CreateTable", args: "setup -t new"},
		{operation: "kms.Decrypt", args: "get db env=prod"},
		{operation: "kms.Decrypt", args: "render $DIR/some.tmpl"},
		{operation: "kms.GenerateDataKey", args: "put db - env=prod", stdin: canary},
		{operation: "kms.Encrypt", args: "encrypt - env=prod", stdin: canary},
		{operation: "kms.ReEncrypt", args: "rekey db -k alias/other env=prod"},
		{operation: "kms.CreateGrant", args: "grant web --read env=prod --wait 0s"},
		{operation: "kms.ListGrants", args: "grants"},
		{operation: "kms.RevokeGrant", args: "revoke web --read env=prod"},
		{operation: "kms.CreateKey", args: "setup -k alias/new"},
		{operation: "s3.GetObject", args: "get s3://bucket/app/k env=prod"},
		{operation: "s3.PutObject", args: "--store s3://bucket/app put new - env=prod", stdin: canary},
		{operation: "s3.ListObjectsV2", args: "--store s3://bucket/app list"},
		{operation: "ssm.GetParameters", args: "get ssm:/canary"},
		{operation: "ssm.GetParametersByPath", args: "render $DIR/path.tmpl"},
		{operation: "secretsmanager.GetSecretValue", args: "get sm:canary"},
		{operation: "secretsmanager.BatchGetSecretValue", args: "render $DIR/batch.tmpl"},
		{operation: "sts.AssumeRole", args: "--arn arn:aws:iam::123456789012:role/web get db env=prod"},
		{operation: "sts.GetCallerIdentity", args: "policy $DIR/some.tmpl"},
	}
}

// Each documented error of each operation, served to a command that needs it:
// the command exits 1 or 3, shows the code, and shows no value.
func TestAuthorityErrors(t *testing.T) {
	trials := errorTrials()
	var authority struct {
		Botocore string
		Codes    map[string]map[string]int
	}
	names := map[string]bool{}
	for _, trial := range trials {
		names[trial.operation] = true
	}
	askBotocore(t, &authority, nil, "error_codes.py", slices.Sorted(maps.Keys(names))...)
	aws := newAccount(t)
	dir := seedTrials(t, aws)
	target, _ := strings.CutPrefix(aws.env[0], "AWS_ENDPOINT_URL=")
	idle := make(chan *recorder, 4)
	for range cap(idle) {
		idle <- newRecorder(t, target, nil)
	}
	var mu sync.Mutex
	served, seen, exits := 0, map[string]bool{}, map[int]int{}
	differ := newKnown(knownErrors())
	var group errgroup.Group
	group.SetLimit(cap(idle))
	started := time.Now()
	for _, trial := range trials {
		for code, status := range authority.Codes[trial.operation] {
			group.Go(func() error {
				rec := <-idle
				defer func() { idle <- rec }()
				exit, wrong := serveError(t, rec, aws, dir, trial, code, status)
				mu.Lock()
				defer mu.Unlock()
				served++
				seen[code] = true
				exits[exit]++
				if wrong != "" && !differ.expected(trial.operation+" "+code) && !differ.expected(code) {
					t.Error(wrong)
				}
				return nil
			})
		}
	}
	_ = group.Wait() // no function fails
	differ.check(t)
	t.Logf("botocore %s: %d errors (%d codes, %d operations) served, %d end in another way as is known; exit codes %v; %s",
		authority.Botocore, served, len(seen), len(names), differ.count, exits, time.Since(started).Round(time.Second))
}

// seedTrials stores the canary wherever the trials look.
func seedTrials(t *testing.T, aws account) string {
	t.Helper()
	aws.python(t, fmt.Sprintf(`
boto3.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
boto3.client("s3").put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
kms, ssm, sm = boto3.client("kms"), boto3.client("ssm"), boto3.client("secretsmanager")
kms.create_alias(AliasName="alias/other", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
ssm.put_parameter(Name="/canary", Value=%[1]q, Type="SecureString")
for name in ("canary", "canary2"):
    sm.create_secret(Name=name, SecretString=%[1]q)`, canary))
	bin := aws.credrender(t)
	bin.want(t, 0, "setup")
	bin.wantInput(t, 0, canary, "put", "db", "-", "env=prod")
	bin.wantInput(t, 0, canary, "--store", "s3://bucket/app", "put", "k", "-", "env=prod")
	bin.want(t, 0, "grant", "web", "--read", "env=prod")
	dir := t.TempDir()
	writeFile(t, dir, "some.tmpl", `{{ secret "db" "env=prod" }}`)
	writeFile(t, dir, "path.tmpl", `{{ ssmPath "/" }}`)
	writeFile(t, dir, "batch.tmpl", `{{ secretsManager "canary" }} {{ secretsManager "canary2" }}`)
	return dir
}

// serveError runs a trial against one error, and returns the exit code and
// what is wrong with what came of it.
func serveError(t *testing.T, rec *recorder, aws account, dir string, trial errorTrial, code string, status int) (exit int, wrong string) {
	t.Helper()
	service, operation, _ := strings.Cut(trial.operation, ".")
	env := append(slices.Clone(aws.env), "AWS_ENDPOINT_URL="+rec.URL, "AWS_MAX_ATTEMPTS=1")
	bin := newCommand(t, binary, env, "--state-dir", t.TempDir(), "--timeout", "3s")
	args := strings.Fields(strings.ReplaceAll(trial.args, "$DIR", dir))
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	var r result
	hits := rec.failing(&fault{service: service, operation: operation, code: code, status: status}, func() {
		r = bin.runContext(t, ctx, trial.stdin, args...)
	})
	var complaints []string
	complain := func(format string, a ...any) { complaints = append(complaints, fmt.Sprintf(format, a...)) }
	if hits == 0 {
		complain("the command sent no such request")
	}
	if want := sensible(trial.operation, code); !slices.Contains(want, r.Code) {
		complain("exit code %d, want one of %v", r.Code, want)
	}
	if r.Code != 0 && !strings.Contains(r.Stderr, code) && code != changedMeanwhile {
		complain("the code is not shown")
	}
	if shown := strings.Contains(r.Stderr, canary[:12]) || r.Code != 0 && strings.Contains(r.Stdout, canary[:12]); shown || strings.Contains(r.Stderr, "panic") {
		complain("it shows a value, or panics")
	}
	if complaints == nil {
		return r.Code, ""
	}
	return r.Code, fmt.Sprintf("%s, %s (%d) to %q: %s\nstdout: %s\nstderr: %s",
		trial.operation, code, status, args, strings.Join(complaints, "; "), r.Stdout, r.Stderr)
}

// changedMeanwhile is not shown by its name: messages have words for it.
const changedMeanwhile = "ConditionalCheckFailedException"

// sensible returns the exit codes that an error may have: 3 for a refusal, 1
// for what may pass or concerns the credentials, and either for the others.
func sensible(operation, code string) []int {
	switch {
	case operation == "secretsmanager.BatchGetSecretValue" && !strings.Contains(code, "Throttling"):
		return []int{0, 1, 3} // the secrets are then asked for one by one
	case strings.HasPrefix(operation, "sts."):
		return []int{1, 3} // who may not assume a role has no credentials
	}
	switch code {
	case "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "NotAuthorized", "NoSuchKey", "OptInRequired":
		return []int{3}
	case "ExpiredToken", "ExpiredTokenException", "InternalError", "InternalFailure", "InternalServerError", "InternalServiceError",
		"InvalidAccessKeyId", "InvalidSignatureException", "KMSInternalException", "ProvisionedThroughputExceededException", "RequestExpired",
		"RequestLimitExceeded", "RequestTimeTooSkewed", "ServiceUnavailable", "SignatureDoesNotMatch", "SlowDown", "Throttling",
		"ThrottlingException", "UnrecognizedClientException":
		return []int{1}
	}
	return []int{1, 3}
}

// knownErrors returns the errors that end in another way, by code or by
// operation and code, and why.
func knownErrors() map[string]string {
	return map[string]string{
		"NotAuthorized": "to do: a common error that no service is known to send",
	}
}
