//go:build interop

package interop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// link is our binary under the name of the program whose place it takes.
func (a account) link(t *testing.T) command { return a.linkAs(t, "credstash") }

func (a account) linkAs(t *testing.T, name string) command {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(binary, path); err != nil {
		t.Fatal(err)
	}
	return newCommand(t, path, a.env)
}

// in is the account seen from another region.
func (a account) in(region string) account {
	return account{env: append(slices.Clone(a.env), "AWS_DEFAULT_REGION="+region, "AWS_REGION="+region)}
}

// The steps of credstash's own integration tests, with the link in its place
// and Python looking on: what one writes the other reads.
func TestLinkTakesCredstashsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		kms     string // region of the key
		globals []string
	}{
		"one region":  {"eu-west-1", nil},
		"two regions": {"us-west-2", []string{"-r", "us-east-1", "--kms-region", "us-west-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			aws := newAccount(t)
			aws.in(c.kms).makeKey(t)
			python, ours := aws.credstash(t), aws.link(t)
			run := func(p command, want string, args ...string) {
				t.Helper()
				if got := p.want(t, 0, append(slices.Clone(c.globals), args...)...).Stdout; got != want {
					t.Errorf("%s %q: %q, want %q", filepath.Base(p.path), args, got, want)
				}
			}
			run(ours, "Creating table...\nWaiting for table to be created...\nAdding tags...\n"+
				"Table has been created. Go read the README about how to create your KMS key\n", "setup")
			run(python, "Credential Store table already exists\n", "setup")
			run(ours, "test has been stored\n", "put", "test", "secret")
			for _, reader := range []command{python, ours} {
				run(reader, "secret\n", "get", "test")
			}
			run(ours, "test has been stored\n", "put", "-a", "test", "secret2")
			run(python, "test has been stored\n", "put", "-a", "test", "secret3")
			for _, reader := range []command{python, ours} {
				run(reader, "secret3\n", "get", "test")
				run(reader, "secret2", "get", "-n", "-v", "2", "test")
				run(reader, "{\n    \"test\": \"secret3\"\n}\n", "getall")
			}
			run(ours, "Deleting test -- version 0000000000000000001\nDeleting test -- version 0000000000000000002\n"+
				"Deleting test -- version 0000000000000000003\n", "delete", "test")
			run(python, "", "list")
		})
	}
}

// credstash's library works on what the link stored.
func TestLibraryOnWhatTheLinkStored(t *testing.T) {
	aws := newAccount(t)
	aws.makeKey(t)
	ours := aws.link(t)
	ours.want(t, 0, "setup")
	for _, digest := range digests {
		ours.want(t, 0, "put", "-d", digest, "by."+digest, "grüße\n", "Env=prod", "a.b=c")
	}
	ours.want(t, 0, "put", "-a", "by.MD5", "second", "Env=prod", "a.b=c")
	got := newCommand(t, program(t, "python3"), aws.env).want(t, 0, "-c", `
import credstash
kw = dict(region="eu-west-1", context={"a.b": "c", "Env": "prod"})
assert credstash.getSecret("by.MD5", **kw) == "second"
assert credstash.getSecret("by.MD5", version="1", **kw) == "grüße\n"
assert len(credstash.listSecrets(region="eu-west-1")) == 7
credstash.putSecretAutoversion("by.SHA", "third", **kw)
print(sorted(credstash.getAllSecrets(**kw).items()))
credstash.deleteSecrets("by.SHA512", region="eu-west-1")`).Stdout
	want := "[('by.MD5', 'second'), ('by.SHA', 'third'), ('by.SHA224', 'grüße\\n'), ('by.SHA256', 'grüße\\n'), ('by.SHA384', 'grüße\\n'), ('by.SHA512', 'grüße\\n')]"
	if !strings.Contains(got, want) {
		t.Errorf("the library says %s\nwant %s", got, want)
	}
	if got := ours.want(t, 0, "get", "by.SHA", "Env=prod", "a.b=c").Stdout; got != "third\n" {
		t.Errorf("what the library put: %q", got)
	}
}

// Random command lines go to both programs, each with a table of its own: the
// output, the exit code and the table after must be equal, save for what
// docs/credstash.md lists. FACE_LINES says how many (500 for a release),
// FACE_SEED which.
func TestRandomCommandLinesDoTheSame(t *testing.T) {
	lines, seed := envInt(t, "FACE_LINES", 60), envInt(t, "FACE_SEED", 1)
	t.Logf("%d lines of seed %d", lines, seed)
	theirs, our := newAccount(t), newAccount(t)
	theirs.makeKey(t)
	our.makeKey(t)
	python, link := theirs.credstash(t), our.link(t)
	g := newLineMaker(t, uint64(seed))
	differ := map[string]int{}
	for i := range lines {
		l := g.next(i)
		want, got := runBounded(t, python, l.python, l.stdin), runBounded(t, link, l.ours, l.stdin)
		why, ok := l.judge(want, got)
		if !ok {
			t.Errorf("line %d, %q (to Python %q): %s\nPython: %+v\nours:   %+v", i, l.ours, l.python, why, want, got)
		}
		differ[why]++
		if l.changes() {
			sameTables(t, fmt.Sprintf("after line %d, %q", i, l.ours), link.want(t, 0, "list"), theirs.link(t).want(t, 0, "list"))
		}
		if t.Failed() {
			return // the tables may have parted
		}
	}
	t.Logf("equal or listed: %v", differ)
	sameValues(t, g, link, theirs.link(t))
	if a, b := dumpTable(t, our), dumpTable(t, theirs); a != b {
		t.Errorf("tables (-Python +ours):\n%s", cmp.Diff(b, a))
	}
}

func envInt(t *testing.T, name string, standard int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const hung = -1 // instead of an exit code

// runBounded gives up on a program that hangs, as credstash's getall does.
func runBounded(t *testing.T, c command, args []string, stdin string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(ctx, c.path, append(slices.Clone(c.args), args...)...)
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.env, t.TempDir(), strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	r := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	if ctx.Err() != nil {
		r.Code = hung
	} else if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return r
}

func sameTables(t *testing.T, when string, ours, theirs result) {
	t.Helper()
	if ours.Stdout != theirs.Stdout {
		t.Errorf("%s the tables differ (-Python +ours):\n%s", when, cmp.Diff(theirs.Stdout, ours.Stdout))
	}
}

// sameValues opens every version on both sides, with whichever context fits.
func sameValues(t *testing.T, g *lineMaker, ours, theirs command) {
	t.Helper()
	opened := 0
	for entry := range strings.Lines(ours.want(t, 0, "list").Stdout) {
		name, rest, _ := strings.Cut(entry, " -- version ")
		version, _, _ := strings.Cut(rest, " ")
		name = strings.TrimRight(name, " ")
		if strings.Contains(name, "*") {
			continue // get takes it for a pattern
		}
		for _, c := range g.contexts {
			args := append([]string{"get", "-n", "-v", version, "--", name}, c...)
			a, b := ours.run(t, args...), theirs.run(t, args...)
			if a.Code != b.Code || a.Stdout != b.Stdout {
				t.Errorf("%s version %s with %q: ours %+v, Python's %+v", name, version, c, a, b)
			}
			if a.Code == 0 {
				opened++
			}
		}
	}
	if opened == 0 {
		t.Error("nothing could be opened")
	}
}

// dumpTable has what list does not show.
func dumpTable(t *testing.T, a account) string {
	t.Helper()
	return newCommand(t, program(t, "python3"), a.env).want(t, 0, "-c", `
import boto3
t = boto3.resource("dynamodb").Table("credential-store")
for i in sorted(t.scan()["Items"], key=lambda i: (i["name"], i["version"])):
    print(i["name"], i["version"], i["digest"], i.get("comment"), sorted(set(i) - {"comment"}), len(i["contents"]))`).Stdout
}
