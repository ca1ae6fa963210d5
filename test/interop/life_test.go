//go:build interop

package interop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPythonReadsWhatKilledRekeysLeft: rekey of many secrets, those of Python
// among them, is killed on its way to another key and context again and again.
// In the end Python reads every value. REKEY_SECRETS and REKEY_KILLS say how
// many: make rekey-kills has 2,000 and 20.
func TestPythonReadsWhatKilledRekeysLeft(t *testing.T) {
	secrets, kills := numberOf("REKEY_SECRETS", 60), numberOf("REKEY_KILLS", 4)
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	ours.want(t, 0, "setup")
	want := map[string]string{}
	file := "{"
	for i := range secrets {
		name := fmt.Sprintf("secret.%04d", i)
		want[name] = "value of " + name
		if i > 0 {
			file += ","
		}
		file += fmt.Sprintf("%q: %q", name, want[name])
	}
	ours.want(t, 0, "import", writeFile(t, t.TempDir(), "all.json", file+"}"), "Env=old")
	for _, d := range digests { // as Python writes them
		name := "digest." + d
		pythonPut(t, python, stored{name, "by " + d, []string{"Env=old"}, d})
		want[name] = "by " + d
	}
	ours.want(t, 0, "--key", "alias/new", "setup")
	args := []string{"--key", "alias/new", "rekey", "Env=old", "--to-context", "Env=new"}
	killed := 0
	for tries := 0; killed < kills && tries < 3*kills; tries++ {
		if kill(t, ours, args) {
			killed++
		}
	}
	ours.want(t, 0, args...)
	if r := ours.want(t, 0, append(args, "--dry-run")...); r.Stdout != "" {
		t.Errorf("not complete:\n%s", r.Stdout)
	}
	if diff := cmp.Diff(want, readJSON(t, python.want(t, 0, "getall", "Env=new").Stdout)); diff != "" {
		t.Errorf("credstash getall (-want +got):\n%s", diff)
	}
	t.Logf("%d secrets, killed %d times", len(want), killed)
}

func numberOf(variable string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return standard
}

// kill ends a run at a random moment, unless it ends before.
func kill(t *testing.T, c command, args []string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.path, append(c.args[:len(c.args):len(c.args)], args...)...)
	cmd.Env, cmd.Dir = c.env, t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Duration(50+rand.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	exit := (*exec.ExitError)(nil)
	return errors.As(cmd.Wait(), &exit) && exit.ExitCode() == -1
}

// TestPythonReadsWhatWasMigrated: unpadded versions of old credstashes, which
// hide what later ones put, and a value of credsmash's format.
func TestPythonReadsWhatWasMigrated(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	ours.want(t, 0, "setup")
	python.want(t, 0, "put", "db", "eight", "-v", "8")
	newCommand(t, program(t, "python3"), aws.env).want(t, 0, "-c", `
import boto3
table = boto3.resource("dynamodb").Table("credential-store")
item = table.scan()["Items"][0]
key = {"name": item["name"], "version": item["version"]}
item["version"] = "8"
table.put_item(Item=item)
table.delete_item(Key=key)`)
	python.want(t, 0, "put", "-a", "db", "nine")
	if got := python.want(t, 0, "get", "-n", "db").Stdout; got != "eight" {
		t.Fatalf("nothing is hidden: %q", got)
	}
	ours.want(t, 1, "put", "db", "ten")
	ours.want(t, 0, "put", "gcm", "sealed", "--item-format", "aes-gcm")
	ours.want(t, 0, "migrate", "--item-format", "credstash")
	for name, want := range map[string]string{"db": "nine", "gcm": "sealed"} {
		if got := python.want(t, 0, "get", "-n", name).Stdout; got != want {
			t.Errorf("%s: credstash reads %q, want %q", name, got, want)
		}
	}
	if got := python.want(t, 0, "get", "-n", "-v", "8", "db").Stdout; got != "eight" {
		t.Errorf("version 8: %q", got)
	}
	ours.want(t, 0, "put", "db", "ten")
	ours.want(t, 0, "prune", "--keep", "1")
	if got := python.want(t, 0, "get", "-n", "db").Stdout; got != "ten" {
		t.Errorf("after prune: %q", got)
	}
	if r := ours.want(t, 0, "verify-store"); r.Stdout+r.Stderr != "" {
		t.Errorf("verify-store: %s%s", r.Stdout, r.Stderr)
	}
}

// Copies between two regions of a table are Python's to read.
func TestPythonReadsWhatWasCopied(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	ours.want(t, 0, "setup")
	ours.want(t, 0, "--region", "us-east-1", "setup")
	python.want(t, 0, "put", "-a", "db", "one", "Env=prod")
	python.want(t, 0, "put", "-a", "-c", "rotated", "db", "two", "Env=prod")
	ours.want(t, 0, "export", "Env=prod", "--to", "region=us-east-1", "--all-versions")
	for version, want := range map[string]string{"1": "one", "2": "two"} {
		if got := python.want(t, 0, "-r", "us-east-1", "get", "-n", "-v", version, "db", "Env=prod").Stdout; got != want {
			t.Errorf("version %s is %q, want %q", version, got, want)
		}
	}
}
