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

// app holds the state of one command line: its streams, environment, flags and
// clients. Only app and package config read flags, environment, clock and working
// directory; everything below takes values.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	dir            string // working directory
	euid           int
	fs             fsys.FS // for destinations and state; nil is the operating system's
	terminal       func(stream any) bool
	noticeAfter    time.Duration
	completionTime time.Duration // how long a key press waits
	compatTimeout  time.Duration // the limit of the compatibility command lines
	input          *input.Reader
	limit          *limit.Limit // bounds waiting; nil until the command begins
	line           *statusLine  // of a terminal; nil elsewhere

	globals  globals
	words    []string       // the command line
	command  *cobra.Command // the running command, for hints
	key      string         // --key, for hints
	log      *slog.Logger
	trust    *config.Trust   // of the config; nil until it is loaded
	piped    map[string]text // contents of files that can be read only once, by path
	code     int             // exit code of the failures reported so far
	stores   backend.Set
	refused  refusals         // credentials refused to the daemon's own requests
	snapshot *config.Snapshot // in a daemon's child: the config the daemon accepted

	dated       bool                     // lines of text logs begin with the time, except in the journal
	runID       string                   // in a daemon's child: the id of the run, for log lines
	repeats     bool                     // in a daemon's child: also log failures that were logged before
	results     *os.File                 // in a daemon's child: where it writes its report
	mayRunHooks func(jobs []string) bool // asks the daemon whether hooks may run; nil runs them
	stop        <-chan struct{}          // closed when the daemon is told to stop
}

// run is the whole program as a function of arguments and streams. Called through
// a link named credstash or credsmash, it runs that compatibility command line.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(stdin, stdout, stderr)
	compat := map[string]func(context.Context, []string) int{"credstash": a.credstash, "credsmash": a.credsmash}
	run, ok := compat[filepath.Base(args[0])]
	if !ok {
		return a.main(ctx, args[1:])
	}
	a.log = newLogger(stderr, slog.LevelInfo, "text")
	ctx, stop := a.limited(ctx, a.compatTimeout)
	defer stop()
	return run(ctx, args[1:])
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	dir, err := os.Getwd()
	if err != nil {
		dir = "/"
	}
	return &app{
		stdin: openInput(stdin), stdout: stdout, stderr: stderr,
		environ: os.Environ(), dir: dir, euid: os.Geteuid(),
		terminal: isTerminal, noticeAfter: noticeAfter, completionTime: completionTime, compatTimeout: compatTimeout,
	}
}

// main runs one command line and returns its exit code. The demo calls it
// repeatedly.
func (a *app) main(ctx context.Context, args []string) int {
	a.log = a.newLog(slog.LevelInfo, "text")
	a.globals, a.code, a.words, a.command = newGlobals(), exitOK, args, nil
	a.trust = nil
	list, all := commandsFor(args)
	root := newRootWith(a, list, all)
	if isCompletion(args) {
		a.complete(root)
	}
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

// helpOut keeps the first write error of cobra's output, which cobra drops.
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

// fail logs an error with its hint and raises the exit code accordingly.
func (a *app) fail(err error) {
	code := exitCode(err)
	a.code = worse(a.code, code)
	text := errorText(err)
	if text == context.Canceled.Error() {
		text = "interrupted by a signal"
	}
	a.log.Error(text, "code", code)
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
		return nil, usagef("--table: the store is %s, set by --store, CREDRENDER_STORE or the config: add --store dynamodb to use a table", cfg.Base.Store.Kind)
	}
	a.log = a.newLog(cfg.Settings.LogLevel, cfg.Settings.LogFormat)
	if cfg.Settings.LogLevel > slog.LevelInfo {
		a.line.off()
	}
	a.setTimeout(cfg.Settings.Timeout)
	a.stores.MFA, a.trust = a.askMFA, &cfg.Trust
	if a.snapshot != nil {
		return cfg, nil // the daemon has reported warnings and broken files
	}
	if n := len(cfg.Settings.GrantTokens); n > kms.MaxGrantTokens {
		return nil, usagef("%d grant tokens are given, and KMS takes %d: leave out those of grants older than five minutes", n, kms.MaxGrantTokens)
	}
	a.stores.GrantTokens = cfg.Settings.GrantTokens
	a.key = cfg.Base.Store.Key
	for _, w := range cfg.Warnings {
		a.log.Warn(w)
	}
	if cfg.Base.Store.Kind != backend.Local {
		a.warnSharedConfig(cfg.Trust)
	}
	for _, err := range cfg.Broken {
		a.fail(err)
	}
	return cfg, nil
}

// home returns the user's home directory, which becomes HOME for hooks and checks.
func (a *app) home() string {
	if h, ok := a.lookupEnv("HOME"); ok && h != "" {
		return h
	}
	return "/"
}

// runtimeDir returns the directory for the key of the state's fingerprints, which
// a reboot clears. systemd sets it with RuntimeDirectory=.
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

// openState opens the state directory, or returns nil if it cannot be written. Jobs
// with hooks then fail; jobs without hooks need no state.
func (a *app) openState(cfg *config.Config, readOnly bool) (*state.Dir, error) {
	if cfg.Settings.StateDir == "" {
		return nil, nil
	}
	d, err := state.Open(a.stateOptions(cfg, readOnly))
	if errors.Is(err, state.ErrNotWritable) || errors.Is(err, state.ErrUnreadable) {
		a.log.Debug(fmt.Sprintf("no state: %v", err))
		return nil, nil
	}
	return d, err
}

// writableState opens the state directory for a command that must write it.
func (a *app) writableState(cfg *config.Config, verb string) (*state.Dir, error) {
	d, err := a.openState(cfg, false)
	if err == nil && d == nil {
		err = fmt.Errorf("%s: %q: %w", verb, cfg.Settings.StateDir, state.ErrNotWritable)
	}
	return d, err
}

// readState opens the state directory to report its contents. Unlike openState it
// fails if the directory cannot be read. A missing directory is empty.
func (a *app) readState(cfg *config.Config) (*state.Dir, error) {
	if cfg.Settings.StateDir == "" {
		return nil, errors.New("no state directory: set --state-dir, or HOME")
	}
	return state.Open(a.stateOptions(cfg, true))
}

func (a *app) stateOptions(cfg *config.Config, readOnly bool) state.Options {
	return state.Options{Dir: cfg.Settings.StateDir, Runtime: a.runtimeDir(), Machine: a.machine(), ReadOnly: readOnly, FS: a.fs}
}

// machine identifies this host by its ECS task or EC2 instance, else by its machine
// id, else by its host name. On Nitro instances the asset tag is the instance id
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

const (
	// compatTimeout replaces --timeout on the compatibility command lines, whose
	// originals have no such flag.
	compatTimeout = 2 * time.Minute
	// noticeAfter is the delay before a command on a terminal shows what it is doing.
	noticeAfter = time.Second
)

// limited returns the context in which a command waits for AWS, credentials and
// metadata, bounded by d. setTimeout replaces d once --timeout is known, after the
// config has been read. Each render has a limit of its own within this one.
func (a *app) limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	a.limit, a.input, a.piped = limit.New(d), input.NewReader(ctx), map[string]text{}
	a.input.SetIdle(d)
	ctx, hide := a.showing(ctx)
	ctx, stop := a.limit.Context(ctx)
	return ctx, func() { stop(); hide() }
}

// setTimeout applies --timeout.
func (a *app) setTimeout(d time.Duration) {
	a.limit.Set(d)
	a.input.SetIdle(d)
}

// limitInputs applies --timeout for a command that loads no config.
func (a *app) limitInputs() error {
	d, err := config.Timeout(config.Options{Flags: a.globals.given(), Environ: a.environ, Dir: a.dir})
	if err == nil {
		a.setTimeout(d)
	}
	return err
}

// atTerminal reports whether a stream is a terminal.
func (a *app) atTerminal(stream any) bool { return a.terminal != nil && a.terminal(stream) }
