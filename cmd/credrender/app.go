package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/input"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/limit"
)

// app is the process as the commands see it: the only place, with package
// config, that knows flags, environment, clock and working directory.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	dir            string // working directory
	euid           int
	fs             fsys.FS // of destinations and state; nil: the kernel's
	terminal       func(stream any) bool
	noticeAfter    time.Duration
	compatTimeout  time.Duration // the limit of the compatibility command lines
	input          *input.Reader
	limit          *limit.Limit // of what the command waits for; nil: before it began

	globals globals
	words   []string       // of the command line
	command *cobra.Command // that runs, for hints
	key     string         // --key, for hints
	log     *slog.Logger
	piped   map[string]text // of files that can be read once, by path
	code    int             // of what was reported beside an error
	stores  backend.Set
	refused refusals // of the requests of a daemon's own
	// snapshot, of a daemon's render, is the config that the daemon accepted.
	snapshot *config.Snapshot
}

// run is the program: everything below it takes what it needs as values. Under
// the name of another program's it is that program.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(stdin, stdout, stderr)
	name := filepath.Base(args[0])
	a.stdout = openOutput(stdout, append([]string{name}, args[1:]...))
	if name == credstashName || name == credsmashName {
		a.log = newLogger(stderr, slog.LevelInfo, "text")
		limited, stop := a.limited(ctx, a.compatTimeout)
		defer stop()
		ctx = limited
	}
	switch name {
	case credstashName:
		return a.credstash(ctx, args[1:])
	case credsmashName:
		return a.credsmash(ctx, args[1:])
	}
	return a.main(ctx, args[1:])
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	dir, err := os.Getwd()
	if err != nil {
		dir = "/"
	}
	return &app{
		stdin: openInput(stdin), stdout: stdout, stderr: stderr,
		environ: os.Environ(), dir: dir, euid: os.Geteuid(),
		terminal: isTerminal, noticeAfter: noticeAfter, compatTimeout: compatTimeout,
	}
}

// main runs one command line. The demo calls it again and again.
func (a *app) main(ctx context.Context, args []string) int {
	a.log = newLogger(a.stderr, slog.LevelInfo, "text")
	a.globals, a.code, a.words, a.command = newGlobals(), exitOK, args, nil
	root := newRoot(a)
	root.SetArgs(args)
	out := &helpOut{w: a.stdout}
	root.SetOut(out)
	ctx, stop := a.limited(ctx, a.compatTimeout)
	defer stop()
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = out.err
	}
	if err != nil {
		a.fail(err)
		if c.Name() == "plan" && asksForDetail(args) {
			a.code = exitFailed
		}
	}
	return a.code
}

// helpOut remembers what went wrong with the output of cobra, which forgets it.
type helpOut struct {
	w   io.Writer
	err error
}

func (o *helpOut) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("write to standard output: %w", err)
	}
	return n, err
}

// fail reports an error with its hint, and counts it.
func (a *app) fail(err error) {
	code := exitCode(err)
	a.code = worse(a.code, code)
	a.log.Error(err.Error(), "code", code)
	if h := a.hint(err); h != "" {
		a.log.Info(h, hintKey, true)
	}
}

func (a *app) lookupEnv(name string) (string, bool) {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if k, v, _ := strings.Cut(a.environ[i], "="); k == name {
			return v, true
		}
	}
	return "", false
}

// config loads flags, environment and files, and sets up the log.
func (a *app) config(ctx context.Context) (*config.Config, error) {
	cfg, err := config.Load(ctx, config.Options{Flags: a.globals.given(), Environ: a.environ, Dir: a.dir, EUID: a.euid, Read: a.input.ReadFile, Snapshot: a.snapshot})
	if err != nil {
		return nil, err
	}
	if _, ok := a.globals.given()["table"]; ok && cfg.Base.Store.Kind != backend.DynamoDB && cfg.Base.Store.Kind != "" {
		return nil, usagef("--table: the store is no table but %s, as --store, CREDRENDER_STORE or the config says: --store dynamodb takes the table", cfg.Base.Store.Kind)
	}
	a.log = newLogger(a.stderr, cfg.Settings.LogLevel, cfg.Settings.LogFormat)
	a.setTimeout(cfg.Settings.Timeout)
	a.stores.MFA = a.askMFA
	if a.snapshot != nil {
		return cfg, nil // the daemon has said the rest
	}
	if n := len(cfg.Settings.GrantTokens); n > kms.MaxGrantTokens {
		return nil, usagef("%d grant tokens are given, and KMS takes %d: leave out those of grants older than five minutes", n, kms.MaxGrantTokens)
	}
	a.stores.GrantTokens = cfg.Settings.GrantTokens
	a.key = cfg.Base.Store.Key
	for _, w := range cfg.Warnings {
		a.log.Warn(w)
	}
	for _, err := range cfg.Broken {
		a.fail(err)
	}
	return cfg, nil
}

// home is the user's home directory, for HOME of commands.
func (a *app) home() string {
	if h, ok := a.lookupEnv("HOME"); ok && h != "" {
		return h
	}
	return "/"
}

// runtimeDir is where the key of the state's fingerprints lives: it goes with
// the boot. systemd names one by RuntimeDirectory=.
func (a *app) runtimeDir() string {
	if d, ok := a.lookupEnv("RUNTIME_DIRECTORY"); ok && d != "" {
		d, _, _ = strings.Cut(d, ":")
		return d
	}
	if a.euid == 0 {
		return "/run/credrender"
	}
	if d, ok := a.lookupEnv("XDG_RUNTIME_DIR"); ok && d != "" {
		return d + "/credrender"
	}
	return ""
}

// openState opens the state directory. Where none can be written there is no
// state, which is said where it matters: at a job with a hook.
func (a *app) openState(cfg *config.Config, readOnly bool) (*state.Dir, error) {
	if cfg.Settings.StateDir == "" {
		return nil, nil
	}
	d, err := state.Open(state.Options{
		Dir: cfg.Settings.StateDir, Runtime: a.runtimeDir(), Machine: a.machine(), ReadOnly: readOnly, FS: a.fs,
	})
	if errors.Is(err, state.ErrNotWritable) || errors.Is(err, state.ErrUnreadable) {
		a.log.Debug(fmt.Sprintf("no state: %v", err))
		return nil, nil
	}
	return d, err
}

// readState opens the state directory to tell what is in it. Unlike openState it
// fails where nobody can tell; one that is missing is empty.
func (a *app) readState(cfg *config.Config) (*state.Dir, error) {
	if cfg.Settings.StateDir == "" {
		return nil, errors.New("no state directory: set --state-dir, or HOME")
	}
	return state.Open(state.Options{
		Dir: cfg.Settings.StateDir, Runtime: a.runtimeDir(), Machine: a.machine(), ReadOnly: true, FS: a.fs,
	})
}

// machine identifies this host: the instance or task, else the machine id,
// else its name. On Nitro instances the asset tag is the instance id
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html).
func (a *app) machine() string {
	if uri, ok := a.lookupEnv("ECS_CONTAINER_METADATA_URI_V4"); ok {
		return "ecs " + uri
	}
	if tag, err := os.ReadFile("/sys/devices/virtual/dmi/id/board_asset_tag"); err == nil && strings.HasPrefix(string(tag), "i-") {
		return "ec2 " + strings.TrimSpace(string(tag))
	}
	if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(strings.TrimSpace(string(id))) > 0 {
		return "machine " + strings.TrimSpace(string(id))
	}
	name, _ := os.Hostname()
	return "host " + name
}
