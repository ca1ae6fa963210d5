package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// product is the binary with the settings of a run.
type product struct {
	path   string
	args   []string // global flags
	env    []string
	dir    string
	values *[]string // what must never be shown
}

// output is what one command left.
type output struct {
	stdout, stderr string
	code           int
}

func newProduct(a *account, dir string, values *[]string) (product, error) {
	path, err := filepath.Abs(a.binary)
	if err != nil {
		return product{}, err
	}
	if _, err := os.Stat(path); err != nil {
		return product{}, fmt.Errorf("%w (make build makes it)", err)
	}
	// A config of the run's own keeps /etc/credrender out.
	config := filepath.Join(dir, "settings.yaml")
	if err := os.WriteFile(config, []byte("region: "+a.region+"\n"), 0o600); err != nil {
		return product{}, err
	}
	p := product{path: path, dir: dir, values: values, args: []string{
		"-c", config, "-t", a.table(), "-k", a.alias(), "--state-dir", filepath.Join(dir, "state"),
	}}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "CREDRENDER_") && !strings.HasPrefix(kv, "CREDSTASH_") {
			p.env = append(p.env, kv)
		}
	}
	return p, nil
}

// command prepares one run. An end of the context is a TERM first.
func (p product) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env, cmd.Dir = p.env, p.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	// Ctrl-C is for this program, which passes it on as it sees fit.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs a command. A value that shows where none may show is an error.
func (p product) run(ctx context.Context, stdin string, args ...string) (output, error) {
	cmd := p.command(ctx, append(p.args[:len(p.args):len(p.args)], args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return output{}, fmt.Errorf("run %q: %w", args, err)
	}
	out := output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	return out, p.leak(args, out.stderr)
}

// leak looks for values in messages.
func (p product) leak(args []string, text string) error {
	for _, v := range *p.values {
		if strings.Contains(text, v) {
			return fmt.Errorf("run %q: a secret's value is shown", args)
		}
	}
	return nil
}

// want runs a command that has to exit with code, and returns its stdout.
func (p product) want(ctx context.Context, code int, stdin string, args ...string) (string, error) {
	out, err := p.run(ctx, stdin, args...)
	if err != nil {
		return "", err
	}
	if out.code != code {
		return "", fmt.Errorf("run %q: exit code %d, want %d: %s", args, out.code, code, strings.TrimSpace(out.stderr))
	}
	return out.stdout, nil
}

// ok runs a command that has to succeed.
func (p product) ok(ctx context.Context, args ...string) (string, error) {
	return p.want(ctx, 0, "", args...)
}

// prints runs a command that has to succeed and print exactly this.
func (p product) prints(ctx context.Context, want string, args ...string) error {
	got, err := p.ok(ctx, args...)
	if err == nil && got != want {
		err = fmt.Errorf("run %q: printed %d bytes, not the %d that were stored", args, len(got), len(want))
	}
	return err
}
