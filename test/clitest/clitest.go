// Package clitest builds credrender for tests that run it as a user's script
// would, from outside of cmd/credrender:
//
//	var binary string
//
//	func TestMain(m *testing.M) { os.Exit(clitest.Main(m, &binary)) }
//
// [Run] runs a program in an environment that has nothing of the machine's own
// but a path to its programs, so that no test meets real credentials.
package clitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const command = "github.com/credrender/credrender/cmd/credrender"

// SystemPath is where tests look for the system's programs.
const SystemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Main builds the binary, runs the tests with its path in *binary, and returns
// their exit code.
func Main(m *testing.M, binary *string) int {
	dir, err := os.MkdirTemp("", "credrender-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	*binary = filepath.Join(dir, "credrender")
	// Symbols take most of the time of linking.
	build := exec.CommandContext(context.Background(), "go", "build", "-ldflags=-s -w", "-o", *binary, command)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build credrender: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// Run runs a program in a new folder with that environment, PATH being the
// system's unless env says otherwise. It returns what was printed to stdout
// and stderr together and the exit code; a program that cannot start fails the
// test.
func Run(ctx context.Context, tb testing.TB, env []string, stdin string, argv ...string) (output string, code int) {
	tb.Helper()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append([]string{"PATH=" + SystemPath, "HOME=" + tb.TempDir(), "LC_ALL=C.UTF-8"}, env...)
	cmd.Dir, cmd.Stdin = tb.TempDir(), bytes.NewBufferString(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		tb.Fatalf("run %s: %v", filepath.Base(argv[0]), err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}
