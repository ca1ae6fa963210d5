package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/credrender/credrender/test/awsfake"
)

// ward is a host of the role web that renders one secret, and may do that.
type ward struct {
	*testing.T
	srv      *awsfake.Server
	dir      string
	template string
	env      []string // of the host, beyond the usual
	dynamo   *dynamodb.Client
	kms      *kms.Client
}

func newWard(t *testing.T, o awsfake.Options) *ward {
	t.Helper()
	w := &ward{T: t, srv: startForWeb(t, o), dir: t.TempDir()}
	cfg := sdkConfig(w.srv)
	w.dynamo, w.kms = dynamodb.NewFromConfig(cfg), kms.NewFromConfig(cfg)
	w.template = filepath.Join(w.dir, "t.tmpl")
	w.write(`{{ secret "web.a" "env=prod" }}`)
	w.admin("put", "web.a", "one", "env=prod")
	if err := w.srv.Restrict(webRole, w.admin("policy", w.template)); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *ward) write(text string) {
	w.Helper()
	if err := os.WriteFile(w.template, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *ward) admin(args ...string) []byte {
	w.Helper()
	return stdoutOf(w.T, w.srv, args...)
}

// host runs the command as the role.
func (w *ward) host(args ...string) (code int, out string) {
	w.Helper()
	cmd, _ := command(w.T, w.srv, append(asWeb(), w.env...), args...)
	text, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(text)
}

// fix runs a line that doctor printed, as somebody who may. aws is played by
// the fake; FILE is the placeholder of put.
func (w *ward) fix(line string) {
	w.Helper()
	line, _, _ = strings.Cut(line, "  # ")
	words := strings.Fields(line)
	switch {
	case words[0] == "export":
		w.env = append(w.env, words[1])
	case strings.HasPrefix(line, "aws kms enable-key --key-id "):
		_, err := w.kms.EnableKey(w.Context(), &kms.EnableKeyInput{KeyId: aws.String(words[4])})
		w.must(err)
	case strings.HasPrefix(line, "aws kms cancel-key-deletion --key-id "):
		_, err := w.kms.CancelKeyDeletion(w.Context(), &kms.CancelKeyDeletionInput{KeyId: aws.String(words[4])})
		w.must(err)
	case strings.HasPrefix(line, "aws iam put-role-policy --role-name web --policy-name credrender --policy-document file://"):
		text, err := os.ReadFile(filepath.Join(w.dir, strings.TrimPrefix(words[8], "file://")))
		w.must(err)
		w.must(w.srv.Restrict(webRole, text))
	case words[0] == "credrender":
		w.must(os.WriteFile(filepath.Join(w.dir, "FILE"), []byte("one"), 0o600))
		cmd := exec.CommandContext(w.Context(), "/bin/sh", "-c", line)
		cmd.Dir = w.dir
		cmd.Env = append(w.srv.Env(), "PATH="+os.Getenv("PATH"), "GORACE="+os.Getenv("GORACE"), "HOME="+w.dir, "CREDRENDER_STATE_DIR="+w.dir+"/.state", "RUNTIME_DIRECTORY="+w.dir+"/.run")
		if out, err := cmd.CombinedOutput(); err != nil {
			w.Fatalf("%s: %v\n%s", line, err, out)
		}
	default:
		w.Fatalf("nobody can run %q here", line)
	}
}

func (w *ward) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// fixes are the lines under the finding with a cause.
func fixes(out, cause string) (lines []string) {
	found := false
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		switch m, isFix := strings.CutPrefix(line, "       fix: "); {
		case isFix && found:
			lines = append(lines, m)
		case !isFix:
			found = strings.Contains(line, cause)
		}
	}
	return lines
}

func (w *ward) key() string {
	w.Helper()
	out, err := w.kms.DescribeKey(w.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/credstash")})
	w.must(err)
	return *out.KeyMetadata.Arn
}

// edit changes attributes of an item.
func (w *ward) edit(name, version string, change func(map[string]types.AttributeValue)) {
	w.Helper()
	key := map[string]types.AttributeValue{"name": &types.AttributeValueMemberS{Value: name}, "version": &types.AttributeValueMemberS{Value: version}}
	got, err := w.dynamo.GetItem(w.Context(), &dynamodb.GetItemInput{TableName: aws.String("credential-store"), Key: key})
	w.must(err)
	change(got.Item)
	_, err = w.dynamo.PutItem(w.Context(), &dynamodb.PutItemInput{TableName: aws.String("credential-store"), Item: got.Item})
	w.must(err)
}

const firstVersion = "0000000000000000001"

func textValue(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// fault is one thing that goes wrong in the field. doctor names it, says by its
// exit code whether a render would fail, and the commands that it prints take
// the finding away.
type fault struct {
	name      string
	seed      func(*ward)
	args      []string // of doctor, beside the template
	cause     string
	code      int
	unfixable bool // what fixes it is no command for here
}

func (f fault) run(t *testing.T) {
	t.Parallel()
	w := newWard(t, awsfake.Options{})
	args := append([]string{"doctor"}, f.args...)
	if len(f.args) > 0 && f.args[0][1] != '-' { // global ones go before the command
		args = append(f.args, "doctor")
	}
	args = append(args, w.template)
	f.seed(w)
	code, out := w.host(args...)
	lines := fixes(out, f.cause)
	if code != f.code || len(lines) == 0 {
		t.Fatalf("exit %d, want %d and %q in\n%s", code, f.code, f.cause, out)
	}
	if strings.Contains(out, "\none") {
		t.Errorf("a value is shown:\n%s", out)
	}
	if f.unfixable {
		return
	}
	for _, line := range lines {
		w.fix(line)
	}
	if _, after := w.host(args...); strings.Contains(after, f.cause) {
		t.Errorf("still, after %q:\n%s", lines, after)
	}
}

func TestDoctorOfTheAccount(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{
		{name: "no credentials", cause: "no usable credentials", code: exitSecret, unfixable: true, seed: func(w *ward) {
			w.env = []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}
		}},
		{name: "no region", cause: "no AWS region", code: exitSecret, seed: func(w *ward) { w.env = []string{"AWS_REGION="} }},
		{name: "no table", cause: "table other: not found in eu-west-1", code: exitSecret, args: []string{"-t", "other"}, seed: func(w *ward) {
			w.srv.Free(webRole) // a reader may not ask whether there is a table
		}},
		{name: "the table is in another region", cause: "table there is in us-east-1, not in eu-west-1", code: exitSecret, args: []string{"-t", "there"}, seed: func(w *ward) {
			w.srv.Free(webRole)
			w.admin("-t", "there", "-r", "us-east-1", "setup")
			w.admin("-t", "there", "-r", "us-east-1", "put", "web.a", "one", "env=prod")
		}},
		{name: "the role may not read", cause: "not authorized to perform: dynamodb:Query", code: exitSecret, seed: func(w *ward) { w.must(w.srv.Restrict(webRole)) }},
		{name: "the role may not decrypt", cause: "reading is allowed, decrypting is not", code: exitSecret, seed: func(w *ward) {
			w.must(w.srv.Restrict(webRole, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:Query","Resource":"*"}]}`)))
		}},
		{name: "the role may not decrypt without a context", cause: "reading is allowed, decrypting is not", code: exitSecret, seed: func(w *ward) {
			w.write(`{{ secret "plain" }}`)
			w.admin("put", "plain", "one")
			w.must(w.srv.Restrict(webRole, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:Query","Resource":"*"}]}`)))
		}},
		{name: "the key is disabled", cause: "is disabled", code: exitSecret, seed: func(w *ward) {
			_, err := w.kms.DisableKey(w.Context(), &kms.DisableKeyInput{KeyId: aws.String(w.key())})
			w.must(err)
		}},
		{name: "the key waits for its deletion", cause: "is pending deletion", code: exitSecret, seed: func(w *ward) {
			_, err := w.kms.ScheduleKeyDeletion(w.Context(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(w.key())})
			w.must(err)
		}},
		{name: "the table cannot be recovered", cause: "point-in-time recovery is off", code: exitOK, seed: func(w *ward) {
			w.srv.Free(webRole)
			_, err := w.dynamo.UpdateContinuousBackups(w.Context(), &dynamodb.UpdateContinuousBackupsInput{
				TableName: aws.String("credential-store"), PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(false)},
			})
			w.must(err)
		}},
		{name: "there is no key to put with", cause: "secrets can be read, but not put", code: exitOK, args: []string{"-k", "alias/new"}, seed: func(w *ward) { w.srv.Free(webRole) }},
	} {
		t.Run(f.name, f.run)
	}
}

func TestDoctorOfSecrets(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{
		{name: "the context has another case", cause: "it opens with env=prod, but was requested with Env=Prod", code: exitSecret, seed: func(w *ward) {
			w.write(`{{ secret "web.a" "Env=Prod" }}`)
			w.srv.Free(webRole)
		}},
		{name: "the secret was put without a context", cause: "it opens with no context, but was requested with env=prod", code: exitSecret, seed: func(w *ward) {
			w.admin("delete", "web.a")
			w.admin("put", "web.a", "one")
			w.srv.Free(webRole)
		}},
		{name: "an older version opens", cause: "the older version 0000000000000000001 does", code: exitSecret, seed: func(w *ward) {
			w.admin("put", "web.a", "one")
			w.srv.Free(webRole)
		}},
		{name: "the secret is not there", cause: "secret web.a (env=prod): not found", code: exitSecret, seed: func(w *ward) { w.admin("delete", "web.a") }},
		{name: "the version is not there", cause: "no version 7 of it", code: exitSecret, seed: func(w *ward) {
			w.write(`{{ secretVersion "web.a" 7 "env=prod" }}`)
			w.srv.Free(webRole)
		}, unfixable: true},
		{name: "the item is damaged", cause: "integrity check failed", code: exitSecret, seed: func(w *ward) {
			w.edit("web.a", firstVersion, func(item map[string]types.AttributeValue) { item["hmac"] = textValue(strings.Repeat("0", 64)) })
		}},
		{name: "an unpadded version hides later ones", cause: "secret web.a: its version 9 is not padded", code: exitOK, seed: func(w *ward) {
			w.srv.Free(webRole)
			w.edit("web.a", firstVersion, func(item map[string]types.AttributeValue) { item["version"] = textValue("9") })
		}},
		{name: "nobody can open an item", cause: "secret lost: version " + firstVersion + " does not open", code: exitOK, args: []string{"--all"}, seed: func(w *ward) {
			w.srv.Free(webRole)
			w.admin("put", "lost", "one", "nobody=knows")
		}},
	} {
		t.Run(f.name, f.run)
	}
}

// Nothing is wrong, so nothing is advised.
func TestDoctorOfTheHealthy(t *testing.T) {
	t.Parallel()
	w := newWard(t, awsfake.Options{})
	code, out := w.host("doctor", w.template)
	if code != exitOK || strings.Contains(out, "fix: ") || !strings.Contains(out, "it renders") || !strings.Contains(out, webRole) {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// A clock that is off is said before it stops everything.
func TestDoctorOfAClock(t *testing.T) {
	t.Parallel()
	w := newWard(t, awsfake.Options{Now: func() time.Time { return time.Now().Add(time.Hour + 30*time.Second) }})
	_, out := w.host("doctor", w.template)
	if !bytes.Contains([]byte(out), []byte("warn   clock: this machine's is off by 1h0m")) || len(fixes(out, "clock")) != 1 {
		t.Errorf("got\n%s", out)
	}
}
