package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/supervise"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
)

type watchOptions struct {
	spec       string
	onChange   string
	killAfter  time.Duration
	supervised int // in a child of exec --watch: the id of the process that started it

	schedule schedule.Schedule
	signal   syscall.Signal // 0: restart
}

const (
	onChangeRestart = "restart"
	onChangeSignal  = "signal:"
	execKillAfter   = 10 * time.Second
)

func (o *execOptions) registerWatch(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&o.spec, "watch", "", "stay, and check for changes on the `SCHEDULE`: a cron expression or '@every 1m'")
	fl.StringVar(&o.onChange, "on-change", onChangeRestart, "with --watch: what CMD gets after a change: `restart|signal:HUP`")
	fl.DurationVar(&o.killAfter, "kill-after", execKillAfter, "with --watch: how long CMD may take to end before it is killed, `DURATION`")
	fl.DurationVar(&o.splay, "splay", 0, "with --watch: add this host's share of `DURATION` to each check")
	fl.IntVar(&o.supervised, "supervised", 0, "")
	fl.Lookup("supervised").NoOptDefVal = "-1"
	hide(c, "supervised")
}

// check checks the flags of exec and the command.
func (o *execOptions) check(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usagef("no command: credrender exec [flags] -- CMD [ARG]...")
	case args[0] == "":
		return usagef("CMD is empty: credrender exec [flags] -- CMD [ARG]...")
	}
	if !c.Flags().Changed("watch") {
		for _, name := range []string{"on-change", "kill-after", "splay"} {
			if c.Flags().Changed(name) {
				return usagef("--%s needs --watch", name)
			}
		}
		return nil
	}
	var err error
	if o.schedule, err = schedule.Parse(o.spec); err != nil {
		return usagef("--watch: %w", err)
	}
	if len(o.overrides) > 0 {
		return usagef("--override cannot be combined with --watch, which watches the source")
	}
	if o.killAfter <= 0 {
		return usagef("--kill-after must be more than 0")
	}
	return o.checkOnChange()
}

func (o *execOptions) checkOnChange() error {
	name, isSignal := strings.CutPrefix(o.onChange, onChangeSignal)
	switch {
	case len(o.env)+len(o.envFiles)+len(o.prefixes)+len(o.files) == 0:
		return usagef("--watch: nothing to watch: add --env, --env-file, --env-prefix or --file")
	case o.onChange == onChangeRestart:
		return nil
	case !isSignal:
		return usagef("--on-change: %s is not restart or signal:HUP", source.Show(o.onChange))
	}
	o.signal = unix.SignalNum("SIG" + strings.TrimPrefix(name, "SIG"))
	switch {
	case o.signal == 0:
		return usagef("--on-change: %s is not a signal, such as signal:HUP", source.Show(name))
	case o.signal == syscall.SIGKILL || o.signal == syscall.SIGSTOP:
		return usagef("--on-change: CMD cannot act on %s: use restart", source.Show(name))
	case len(o.files) == 0:
		return usagef("--on-change %s: a signal cannot change the environment of CMD: use restart, or --file", o.onChange)
	}
	return nil
}

func runExecWatch(ctx context.Context, a *app, o *execOptions, c *cobra.Command, args []string) error {
	a.line.off() // CMD has the terminal
	signals := make(chan os.Signal, 64)
	signal.Notify(signals) // all: each is CMD's
	terminal := a.atTerminal(a.stdin)
	if terminal { // the shell's: it stops and continues this process too
		signal.Reset(syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT)
	}
	if os.Getpid() == 1 {
		return a.initProcess(signals, terminal)
	}
	debug.SetGCPercent(50)           // as in the daemon
	ctx = context.WithoutCancel(ctx) // CMD decides what a signal means
	cfg, err := a.storeConfig(ctx)
	if err != nil || a.code != exitOK {
		return err
	}
	if err := a.checkSchedules([]job.Job{{Name: "--watch", Schedule: o.schedule}}); err != nil {
		return err
	}
	a.setTimeout(0) // each check has its own
	a.stores.Observer = &a.refused
	w := &watcher{a: a, o: o, cfg: cfg, args: append(watchArgs(a, c), args...), key: newWatchKey(), config: stampOf(cfg)}
	return w.run(ctx, signals, terminal)
}

// initProcess runs this command line in a process of its own, as PID 1.
func (a *app) initProcess(signals <-chan os.Signal, terminal bool) (err error) {
	attr := &os.ProcAttr{Dir: a.dir, Env: a.environ}
	for _, stream := range []any{a.stdin, a.stdout, a.stderr} {
		file, _ := stream.(*os.File)
		attr.Files = append(attr.Files, file)
	}
	a.code, err = supervise.Init(self(), append([]string{"credrender"}, a.words...), attr, signals, terminal)
	return err
}

// watchArgs are the arguments of a child: those of this process but for --watch.
func watchArgs(a *app, c *cobra.Command) []string {
	args := []string{"credrender", "exec", "--supervised=" + strconv.Itoa(os.Getpid())}
	c.Flags().Visit(func(f *pflag.Flag) {
		switch {
		case f.Annotations[globalFlag] != nil || slices.Contains([]string{"watch", "on-change", "kill-after", "splay"}, f.Name):
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			args = append(args, "--"+f.Name+"="+v)
		}
	})
	return append(append(args, a.globals.args()...), "--")
}

// What follows is the child of exec --watch: what it is told, and what it reports before
// it becomes CMD. No value crosses the pipe.

// watchGreeting is what the supervisor tells a child.
type watchGreeting struct {
	Key    []byte // of the fingerprints
	Config config.Snapshot
}

// watchReport is what a child tells the supervisor.
type watchReport struct {
	Seen   render.Seen
	Files  []string // read
	Dests  []string // of --file
	Opaque bool
	// Env and Content are keyed fingerprints: of the variables, and of the files of
	// --file.
	Env, Content string
}

// watched is the connection of a child to its supervisor.
type watched struct {
	parent *supervise.Parent
	key    []byte
}

// asWatched makes this process the child of exec --watch.
func (a *app) asWatched(supervisor int) (*watched, error) {
	parent, line, err := supervise.Inherit(supervisor)
	if err != nil {
		return nil, usagef("--supervised is for exec --watch only: %w", err)
	}
	var g watchGreeting
	if err := json.Unmarshal(line, &g); err != nil {
		return nil, usagef("--supervised is for exec --watch only: %w", err)
	}
	a.snapshot = &g.Config
	return &watched{parent, g.Key}, nil
}

// report tells the supervisor what CMD would get, and waits for its decision whether this
// process becomes CMD.
func (w *watched) report(ctx context.Context, made prepared) (bool, error) {
	r := watchReport{Seen: made.Seen, Files: made.Files, Opaque: made.Opaque}
	vars := hmac.New(sha256.New, w.key)
	for _, v := range slices.SortedFunc(slices.Values(made.vars), func(x, y variable) int { return strings.Compare(x.name, y.name) }) {
		fmt.Fprintf(vars, "%s=%s\x00", v.name, v.value) // a variable holds no zero byte
	}
	content := hmac.New(sha256.New, w.key)
	for i, f := range made.job.Files {
		if f.Dest == "" {
			continue // of a variable
		}
		r.Dests = append(r.Dests, f.Dest)
		fmt.Fprintf(content, "%q %d ", f.Dest, len(made.Outputs[i].Bytes))
		content.Write(made.Outputs[i].Bytes)
	}
	r.Env, r.Content = hex.EncodeToString(vars.Sum(nil)), hex.EncodeToString(content.Sum(nil))
	data, err := json.Marshal(r)
	if err == nil {
		err = w.parent.Report(data)
	}
	if err != nil {
		return false, fmt.Errorf("report to the supervisor: %w", err)
	}
	return w.parent.Await(ctx), nil
}

// newWatchKey returns a key for fingerprints.
func newWatchKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (https://pkg.go.dev/crypto/rand#Read)
	return key
}
