package examples

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/clitest"
)

// module copies a program of the examples into a module of its own, which imports this
// one, and builds it there.
func module(t *testing.T, folder string) (program string) {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	const name = "github.com/credrender/credrender"
	mod := strings.Replace(read(t, "../go.mod"), "module "+name, "module example.com/library", 1) +
		fmt.Sprintf("\nrequire %s v0.0.0\nreplace %s => %s\n", name, name, root)
	for path, text := range map[string]string{"go.mod": mod, "go.sum": read(t, "../go.sum"), "main.go": read(t, folder+"/main.go")} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-ldflags=-s -w", "-o", "program", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "GOFLAGS=-trimpath", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return filepath.Join(dir, "program")
}

// A program of 25 lines renders all of 99 secrets from a table that throttles 60 % of
// all queries. The SDK's own configuration gives up after three attempts, and after a
// hundred retries in all.
func TestLibrary(t *testing.T) {
	t.Parallel()
	const n = 99
	program := module(t, "library")
	aws := awsfake.Start(t)
	values := map[string]string{}
	var text, want strings.Builder
	for i := range n {
		name := fmt.Sprintf("key%03d", i)
		values[name] = "value of " + name
		fmt.Fprintf(&text, "{{ secret %q }}\n", name)
		fmt.Fprintf(&want, "value of %s\n", name)
	}
	secrets, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, tmpl := filepath.Join(dir, "secrets.json"), filepath.Join(dir, "app.tmpl")
	for path, data := range map[string]string{file: string(secrets), tmpl: text.String()} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"setup"}, {"import", file}} {
		if out, code := clitest.Run(t.Context(), t, aws.Env(), "", append([]string{binary}, args...)...); code != 0 {
			t.Fatalf("%v: %s", args, out)
		}
	}
	throttle(aws, n)
	out, code := clitest.Run(t.Context(), t, aws.Env(), "", program, tmpl)
	if code != 0 || out != want.String() {
		t.Errorf("exit %d, got\n%s", code, out)
	}
	if got := aws.Count(awsfake.DynamoDB, "Query"); got < n*23/9 {
		t.Errorf("%d queries, want at least %d: the table did not throttle", got, n*23/9)
	}

	missing := filepath.Join(dir, "missing.tmpl")
	if err := os.WriteFile(missing, []byte("{{ secret \"no1\" }}{{ secret \"no2\" }}"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code = clitest.Run(t.Context(), t, aws.Env(), "", program, missing)
	if code != 1 || !strings.Contains(out, "secret no1: not found") || !strings.Contains(out, "secret no2: not found") {
		t.Errorf("exit %d, got %s, want both missing secrets named", code, out)
	}
}

// throttle refuses 14 in 23 queries for n names: how often, each name in turn.
func throttle(aws *awsfake.Server, n int) {
	times := []int{0, 1, 2, 1, 1, 3, 1, 2, 3}
	left := map[string]int{}
	for i := range n {
		left[fmt.Sprintf("key%03d", i)] = times[i%len(times)]
	}
	aws.Forget()
	aws.Fail(awsfake.Rule{
		Operation: "Query", Code: "ProvisionedThroughputExceededException", Message: "slow down",
		Match: func(r awsfake.Request) bool { // under the server's lock
			left[r.Name]--
			return left[r.Name] >= 0
		},
	})
}

// The program is as short as the pages say.
func TestLibraryIsShort(t *testing.T) {
	lines := 0
	for line := range strings.Lines(read(t, "library/main.go")) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "//") {
			lines++
		}
	}
	if lines > 25 {
		t.Errorf("%d lines", lines)
	}
}

// The Lambda function needs nothing but public packages. Its own tests run it.
func TestLambdaBuildsAlone(t *testing.T) {
	t.Parallel()
	module(t, "lambda")
}
