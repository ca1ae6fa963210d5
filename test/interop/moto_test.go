//go:build interop

package interop

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// account is one empty AWS account at moto: it ends with the test.
type account struct{ env []string }

// newAccount starts a moto of the test's own on a loopback port that moto
// chooses.
func newAccount(t *testing.T) account {
	t.Helper()
	cmd := exec.Command(program(t, "moto_server"), "-H", "127.0.0.1", "-p", "0")
	// Python buffers what goes to a pipe; the address is needed at once.
	cmd.Env = append(os.Environ(), "PYTHONUNBUFFERED=1", "NO_COLOR=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait() // it was killed
	})
	endpoint := readEndpoint(t, stderr, drained)
	return account{env: []string{
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_DEFAULT_REGION=eu-west-1", "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=interop", "AWS_SECRET_ACCESS_KEY=interop", "AWS_EC2_METADATA_DISABLED=true",
	}}
}

// readEndpoint finds the line that names the address, and leaves a goroutine
// that reads the rest (a full pipe would stop moto) and closes drained.
func readEndpoint(t *testing.T, stderr io.Reader, drained chan<- struct{}) string {
	t.Helper()
	lines := bufio.NewReader(stderr)
	var seen strings.Builder
	for {
		line, err := lines.ReadString('\n')
		seen.WriteString(line)
		if _, address, ok := strings.Cut(line, "Running on "); ok {
			go func() {
				defer close(drained)
				_, _ = io.Copy(io.Discard, lines)
			}()
			return strings.TrimSpace(address)
		}
		if err != nil {
			close(drained)
			t.Fatalf("moto_server named no address:\n%s", seen.String())
		}
	}
}

// credrender is ours, with the account as its AWS.
func (a account) credrender(t *testing.T) command {
	t.Helper()
	return newCommand(t, binary, a.env, "--state-dir", t.TempDir())
}

// credstash is the Python program, with the account as its AWS.
func (a account) credstash(t *testing.T) command {
	t.Helper()
	return newCommand(t, program(t, "credstash"), a.env, "--log-file", "/dev/null")
}

// makeKey does what credstash's README asks people to do by hand.
func (a account) makeKey(t *testing.T) {
	t.Helper()
	newCommand(t, program(t, "python3"), a.env).want(t, 0, "-c", `
import boto3
kms = boto3.client("kms")
key = kms.create_key()["KeyMetadata"]["KeyId"]
kms.create_alias(AliasName="alias/credstash", TargetKeyId=key)`)
}
