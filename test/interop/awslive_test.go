//go:build interop

package interop

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// What "make aws-live" starts, over moto: it has to work the first time that
// somebody has an account for it.

// buildLive builds the program of test/awslive.
func buildLive(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "awslive")
	build := exec.Command("go", "build", "-C", "../awslive", "-o", path, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build awslive: %v\n%s", err, out)
	}
	return path
}

// live is the program, confirmed for the account.
func (a account) live(t *testing.T, path, product string, args ...string) command {
	t.Helper()
	env := append(a.env[:len(a.env):len(a.env)], "AWS_LIVE=1", "AWS_LIVE_ACCOUNT=123456789012", "AWS_LIVE_ACCOUNT_AGAIN=123456789012")
	return newCommand(t, path, env, append([]string{"-bin", product, "-interval", "1s", "-daemon", "8s"}, args...)...)
}

// remains lists what an account has, keys that wait for their deletion apart.
func (a account) remains(t *testing.T) string {
	t.Helper()
	return newCommand(t, program(t, "python3"), a.env).want(t, 0, "-c", `
import boto3
kms = boto3.client("kms")
for t in boto3.client("dynamodb").list_tables()["TableNames"]: print("table", t)
for b in boto3.client("s3").list_buckets()["Buckets"]: print("bucket", b["Name"])
for r in boto3.client("iam").list_roles()["Roles"]: print("role", r["RoleName"])
for p in boto3.client("ssm").describe_parameters()["Parameters"]: print("parameter", p["Name"])
for s in boto3.client("secretsmanager").list_secrets()["SecretList"]: print("secret", s["Name"])
for a in kms.list_aliases()["Aliases"]:
    if not a["AliasName"].startswith("alias/aws/"): print("alias", a["AliasName"])
for k in kms.list_keys()["Keys"]:
    m = kms.describe_key(KeyId=k["KeyId"])["KeyMetadata"]
    if m["KeyManager"] == "CUSTOMER" and m["KeyState"] != "PendingDeletion": print("key", k["KeyId"])`).Stdout
}

func TestLive(t *testing.T) {
	path := buildLive(t)
	for name, test := range map[string]func(*testing.T, string){
		"from start to clean-up": liveWhole, "enforced": liveEnforced, "refuses": liveRefuses, "cleans up": liveCleansUp,
	} {
		t.Run(name, func(t *testing.T) { test(t, path) })
	}
}

// Every step, and an account that is empty afterwards but for a key that waits.
func liveWhole(t *testing.T, path string) {
	aws := newAccount(t)
	r := aws.live(t, path, binary).want(t, 0)
	t.Logf("%s", r.Stdout)
	for _, want := range []string{"costs at most $0.", "waits for 7 days", "ok 7/7", "left: KMS key arn:aws:kms:", "clean-up complete"} {
		if !strings.Contains(r.Stdout, want) {
			t.Errorf("%q is not in\n%s", want, r.Stdout)
		}
	}
	if regexp.MustCompile(`live-[0-9a-f]{40}`).MatchString(r.Stdout + r.Stderr) {
		t.Errorf("a value is shown:\n%s%s", r.Stdout, r.Stderr)
	}
	if left := aws.remains(t); left != "" {
		t.Errorf("left:\n%s", left)
	}
}

// Nothing happens unless the account is named twice, and is the right one.
func liveRefuses(t *testing.T, path string) {
	aws := newAccount(t)
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"no leave":        {[]string{"AWS_LIVE="}, nil, "set AWS_LIVE=1"},
		"no account":      {[]string{"AWS_LIVE_ACCOUNT="}, nil, "set it to the account id"},
		"a wrong account": {[]string{"AWS_LIVE_ACCOUNT=210987654321", "AWS_LIVE_ACCOUNT_AGAIN=210987654321"}, nil, "belong to account 123456789012"},
		"once":            {[]string{"AWS_LIVE_ACCOUNT_AGAIN="}, nil, `then as ""`},
		"another":         {[]string{"AWS_LIVE_ACCOUNT_AGAIN=210987654321"}, nil, "typed as"},
		"a foreign name":  {nil, []string{"-clean", "production"}, "not a prefix of this program"},
		"clean, once":     {[]string{"AWS_LIVE_ACCOUNT_AGAIN="}, []string{"-clean", "credrender-live-01234567"}, `then as ""`},
	} {
		live := aws.live(t, path, binary, c.args...)
		live.env = append(live.env, c.env...)
		if r := live.run(t); r.Code != 2 || !strings.Contains(r.Stderr, c.want) {
			t.Errorf("%s: exit code %d, want 2\n%s", name, r.Code, r.Stderr)
		}
	}
	if left := aws.remains(t); left != "" {
		t.Errorf("made:\n%s", left)
	}
}

// A step that fails, an interrupt and a kill leave nothing, the last after
// aws-live-clean.
func liveCleansUp(t *testing.T, path string) {
	aws := newAccount(t)
	broken := writeFile(t, t.TempDir(), "broken", "#!/bin/sh\ncase \" $* \" in *' revoke '*) echo 'credrender: error: broken' >&2; exit 1;; esac\nexec "+binary+" \"$@\"\n")
	newCommand(t, program(t, "chmod"), nil).want(t, 0, "700", broken)
	r := aws.live(t, path, broken).want(t, 1)
	if !strings.Contains(r.Stderr, "step 6 of 7") || !strings.Contains(r.Stdout, "clean-up complete") {
		t.Errorf("a failing step:\n%s%s", r.Stdout, r.Stderr)
	}
	if left := aws.remains(t); left != "" {
		t.Errorf("a failing step leaves:\n%s", left)
	}

	out, _, code := aws.signalLive(t, path, syscall.SIGINT)
	if code != 1 || !strings.Contains(out, "clean-up complete") {
		t.Errorf("an interrupt: exit code %d\n%s", code, out)
	}
	if left := aws.remains(t); left != "" {
		t.Errorf("an interrupt leaves:\n%s", left)
	}

	out, prefix, _ := aws.signalLive(t, path, syscall.SIGKILL)
	if left := aws.remains(t); !strings.Contains(left, prefix) {
		t.Fatalf("a kill leaves nothing of %s:\n%s\n%s", prefix, left, out)
	}
	r = aws.live(t, path, binary, "-clean", prefix).want(t, 0)
	if left := aws.remains(t); left != "" {
		t.Errorf("aws-live-clean leaves:\n%s\n%s", left, r.Stdout)
	}
	// A second time there is nothing to do, which is no error.
	if r = aws.live(t, path, binary, "-clean", prefix).want(t, 0); strings.Contains(r.Stdout, "FAILED") {
		t.Errorf("the second time:\n%s", r.Stdout)
	}
}

// signalLive sends a signal after the step that makes the bucket, and returns
// what was printed, the prefix and the exit code.
func (a account) signalLive(t *testing.T, path string, sig syscall.Signal) (printed, prefix string, code int) {
	t.Helper()
	live := a.live(t, path, binary)
	cmd := exec.CommandContext(t.Context(), live.path, live.args...)
	cmd.Env, cmd.Dir = live.env, t.TempDir()
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, found := bufio.NewReader(pipe), regexp.MustCompile(`PREFIX=(\S+)`)
	for {
		line, err := lines.ReadString('\n')
		printed += line
		if m := found.FindStringSubmatch(line); m != nil && prefix == "" {
			prefix = m[1]
		}
		if strings.HasPrefix(line, "ok 5/") {
			break
		}
		if err != nil {
			t.Fatalf("it ended early: %v\n%s", err, printed)
		}
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	_ = cmd.Wait() // the code tells
	return printed + string(rest), prefix, cmd.ProcessState.ExitCode()
}
