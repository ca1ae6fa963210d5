package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/front"
	"github.com/credrender/credrender/test/awsfake/s3test"
	"github.com/credrender/credrender/test/awsfake/smtest"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
)

// Every command, against every failure, at debug level, in text and JSON: nothing
// of a value, a credential or what somebody else answers is in what it says, in the
// state directory or in the metrics. canaries_test.go has the failures,
// canary_lines_test.go the command lines. CANARY_ALL=1 (make canary) tries each line
// with each failure. Without it each failure meets a ninth of the lines, and each line
// at least one failure; where nothing fails each line runs in one of the formats.
func TestCanary(t *testing.T) {
	t.Parallel()
	ground := newCanaryGround(t)
	lines, all := canaryLines(), os.Getenv("CANARY_ALL") != ""
	a := newApp(nil, nil, nil)
	a.globals = newGlobals()
	for _, name := range commandPaths(newRoot(a)) {
		if len(lines[name]) == 0 {
			t.Errorf("%s: no command line of it in canaryLines: add those that reach its messages", name)
		}
	}
	for i, f := range canaryFailures() {
		t.Run(f.name, func(t *testing.T) {
			place := ground.place(t, f)
			n, share := 0, f.share(all)
			for _, name := range slices.Sorted(keysOf(lines)) {
				for _, line := range lines[name] {
					format := []string{"text", "json"}[n%2]
					if n++; (n+i)%share != 0 {
						continue
					}
					if f.name == "well" && all { // all of both
						place.check(t, line, "json")
						format = "text"
					}
					place.check(t, line, format)
				}
			}
			place.checkFiles(t)
		})
	}
}

// share returns n: the failure meets one line in n. It is odd, since formats alternate.
func (f canaryFailure) share(all bool) int {
	switch {
	case f.name == "well": // a leak in what a success prints is seen nowhere else
		return 1
	case all && f.once: // failures of settings are the same whatever the command
		return 7
	case all:
		return 1
	case f.once:
		return 25
	}
	return 9
}

func keysOf(m map[string][]canaryLine) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// commandPaths are the commands that do something, as they are typed.
func commandPaths(c *cobra.Command) (paths []string) {
	for _, sub := range c.Commands() {
		paths = append(paths, commandPaths(sub)...)
	}
	if c.Runnable() && c.HasParent() {
		paths = append(paths, strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" "))
	}
	return paths
}

// canaryPlace is a directory in which one failure holds.
type canaryPlace struct {
	dir    string
	env    []string
	masker *hook.Masker
}

// check runs one line and looks for canaries in what it says; standard output is
// looked at too unless the value is what was asked for, and given.
func (p *canaryPlace) check(t *testing.T, line canaryLine, format string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := slices.Clone(line.args)
	cmd := exec.CommandContext(ctx, "credrender", args...)
	if line.link != "" {
		cmd = exec.CommandContext(ctx, line.link, args...)
	}
	cmd.Dir, cmd.Env = p.dir, append(slices.Clone(p.env), "CREDRENDER_LOG_FORMAT="+format)
	cmd.Stdin = strings.NewReader(line.stdin)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Start()
	if err == nil {
		if line.stop { // a daemon is told to, after its first run
			ended := time.AfterFunc(400*time.Millisecond, func() { _ = cmd.Process.Signal(os.Interrupt) })
			defer ended.Stop()
		}
		err = cmd.Wait()
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%v: %v", args, err)
	}
	if ctx.Err() != nil {
		t.Errorf("%v did not end:\n%s", args, &stderr)
	}
	p.look(t, fmt.Sprintf("standard error of %v", args), stderr.Bytes())
	if !line.result || err != nil && !line.partial {
		p.look(t, fmt.Sprintf("standard output of %v", args), stdout.Bytes())
	}
}

// look fails the test where a canary is in data, in whatever form.
func (p *canaryPlace) look(t *testing.T, where string, data []byte) {
	t.Helper()
	text := string(data)
	masked := p.masker.Mask(text)
	if masked == text && !strings.Contains(strings.ToLower(text), canaryMark) {
		return
	}
	t.Errorf("%s has a canary:\n%s", where, text)
}

// checkFiles looks at all that was left behind but the destinations.
func (p *canaryPlace) checkFiles(t *testing.T) {
	t.Helper()
	for _, dir := range []string{"state", "metrics"} {
		err := filepath.WalkDir(filepath.Join(p.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil {
				p.look(t, path, data)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}

// canaryGround has the stores with the values, and the files, that all failures
// begin with.
type canaryGround struct {
	srv   *awsfake.Server
	other []string // where the other services are
}

func newCanaryGround(t *testing.T) *canaryGround {
	t.Helper()
	srv := awsfake.Start(t)
	credrender(t, srv, nil, "setup")
	for _, v := range canaryValues() {
		cmd, _ := command(t, srv, nil, "put", v.name, "-", "env=prod")
		cmd.Stdin = strings.NewReader(v.value)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	srv.Forget()
	parameters, secrets := front.Start(t, ssmtest.New().Server), front.Start(t, smtest.New().Server)
	objects, err := s3test.New("b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(objects.Close)
	return &canaryGround{srv, append(objects.Env(), "AWS_ENDPOINT_URL_SSM="+parameters.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER="+secrets.URL)}
}

// place makes the directory of one failure.
func (g *canaryGround) place(t *testing.T, f canaryFailure) *canaryPlace {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.ReplaceAll(text, "$DIR", dir)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range canaryFiles() {
		write(name, text)
	}
	if err := os.Mkdir(filepath.Join(dir, "metrics"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := &canaryPlace{dir: dir}
	p.env = append(append(g.srv.Env(), g.other...),
		"PATH="+os.Getenv("PATH"), "GORACE="+os.Getenv("GORACE"), "HOME="+dir,
		"CREDRENDER_STATE_DIR="+dir+"/state", "RUNTIME_DIRECTORY="+dir+"/run", "XDG_DATA_HOME="+dir+"/data",
		"CREDRENDER_LOG_LEVEL=debug", "CREDRENDER_TIMEOUT=5s", "AWS_MAX_ATTEMPTS=1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_SESSION_TOKEN="+canaryToken, "EDITOR=sed -i s/app/web/")
	if f.set != nil {
		env := f.set(t, g, write)
		for i := range env {
			env[i] = strings.ReplaceAll(env[i], "$DIR", dir)
		}
		p.env = append(p.env, env...)
	}
	var secrets []source.Secret
	for _, v := range canaryValues() {
		secrets = append(secrets, source.NewSecret([]byte(v.value)))
	}
	for _, v := range []string{canaryKey, canaryToken, canaryPassword, canaryForeign} {
		secrets = append(secrets, source.NewSecret([]byte(v)))
	}
	p.masker = hook.NewMasker(secrets)
	return p
}
