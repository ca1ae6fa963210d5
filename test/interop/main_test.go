//go:build interop

package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binary is the credrender under test, built once by TestMain.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "credrender-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "credrender")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "../../cmd/credrender")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build credrender: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// result is what one run of a program left.
type result struct {
	Stdout, Stderr string
	Code           int
}

// command is a program with the arguments and the environment of all its runs.
// Nothing is inherited but PATH, so that the machine's own settings (AWS
// credentials above all) reach neither side.
type command struct {
	path string
	args []string
	env  []string
}

func newCommand(t *testing.T, path string, env []string, args ...string) command {
	t.Helper()
	env = append([]string{"PATH=" + searchPath(), "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8"}, env...)
	return command{path: path, args: args, env: env}
}

func (c command) run(t *testing.T, args ...string) result {
	t.Helper()
	return c.runInput(t, "", args...)
}

func (c command) runInput(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return c.runContext(t, t.Context(), stdin, args...)
}

// runContext kills the program when the context ends: its exit code is then -1.
//
//nolint:revive // tests take t first
func (c command) runContext(t *testing.T, ctx context.Context, stdin string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(ctx, c.path, append(c.args[:len(c.args):len(c.args)], args...)...)
	cmd.Env, cmd.Stdin, cmd.Dir = c.env, strings.NewReader(stdin), t.TempDir()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && cmd.ProcessState == nil && !errors.As(err, &exit) {
		t.Fatalf("run %s %q: %v", filepath.Base(c.path), args, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// want runs the program and fails the test unless it exits with code.
func (c command) want(t *testing.T, code int, args ...string) result {
	t.Helper()
	return c.wantInput(t, code, "", args...)
}

func (c command) wantInput(t *testing.T, code int, stdin string, args ...string) result {
	t.Helper()
	r := c.runInput(t, stdin, args...)
	if r.Code != code {
		t.Fatalf("%s %q: exit code %d, want %d\nstdout: %s\nstderr: %s",
			filepath.Base(c.path), args, r.Code, code, r.Stdout, r.Stderr)
	}
	return r
}

// program returns the path of a program that a test cannot do without.
func program(t *testing.T, name string) string {
	t.Helper()
	if path := findProgram(name); path != "" {
		return path
	}
	if os.Getenv("INTEROP_MAY_SKIP") == "1" {
		t.Skipf("no %s here, and INTEROP_MAY_SKIP=1 allows to go without", name)
	}
	t.Fatalf("no %s in %s: run make interop as root, or install it; INTEROP_MAY_SKIP=1 goes without", name, searchPath())
	return ""
}

// findProgram returns the path of a program, or "".
func findProgram(name string) string {
	for dir := range strings.SplitSeq(searchPath(), ":") {
		if path := filepath.Join(dir, name); isExecutable(path) {
			return path
		}
	}
	return ""
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// searchPath adds where Debian keeps servers (not in every user's PATH), the
// virtual environments that make interop made, and the servers that it unpacked.
func searchPath() string {
	venv := os.Getenv("INTEROP_VENV")
	if venv == "" {
		venv, _ = filepath.Abs(".venv")
	}
	cache, _ := os.UserCacheDir() // without one there is no such Prometheus
	unpacked := filepath.Join(cache, "credrender-interop")
	dirs := []string{filepath.Join(venv, "bin"), filepath.Join(unpacked, "prometheus/usr/bin")}
	for _, name := range []string{"haproxy", "redis", "mariadb", "sshd", "rabbitmq", "postgresql", "mandoc"} {
		dirs = append(dirs, filepath.Join(unpacked, name, "bin"))
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // not in anybody's PATH
	dirs = append(dirs, installed...)
	return strings.Join(append(dirs, filepath.Join(venv, "awscli", "bin"), os.Getenv("PATH"), "/usr/sbin", "/sbin"), ":")
}

// eventually waits for something that another process does in its own time.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain until %s", what)
}

// freeAddress returns a loopback address that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
