package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/credrender/credrender/bench/race"
	"github.com/credrender/credrender/bench/standin"
)

// A contender that takes this long for a round has fewer of them; one that is
// quick has a first round that counts for nothing.
const (
	slow     = 4 * time.Second
	verySlow = 15 * time.Second
	quickRun = 2 * time.Second
	// tooLong ends a program that hangs.
	tooLong = 5 * time.Minute
)

// entrant is a contender in one case on one wire, and what it took.
type entrant struct {
	contender
	stage   stage
	args    []string
	failed  error
	started bool
	rounds  int // that it is still to have
	taken
}

// taken are samples, in ms, MiB and numbers.
type taken struct{ wall, cpu, peak, requests, reads, connections []float64 }

// heat runs one case on one wire, all contenders in turns.
func (p *racePlan) heat(ctx context.Context, dir string, c raceCase, w race.Wire, all []contender) ([]race.Row, error) {
	var field []*entrant
	for _, x := range all {
		name := c.Name + ", " + w.String() + ", " + x.Name
		can := x.Missing == "" && x.can(c.way) && (x.most == 0 || c.Refs <= x.most)
		if can && c.takesPart(w, x.weight, p.quick) && strings.Contains(name, p.only) {
			field = append(field, &entrant{contender: x, rounds: p.rounds})
		}
	}
	if len(field) == 0 {
		return nil, nil
	}
	f, err := start(ctx, dir, wire{TLS: w.TLS, RTT: w.RTT, Connect: 2 * w.RTT, Size: c.size, Names: c.names})
	if err != nil {
		return nil, err
	}
	defer f.stop()
	for _, e := range field {
		if err := e.enter(c, f); err != nil {
			return nil, err
		}
		defer os.RemoveAll(e.stage.dir) //nolint:errcheck // of our own making
	}
	for running := true; running; {
		running = false
		for _, e := range field {
			if e.failed == nil && e.rounds > 0 {
				e.failed = e.round(ctx)
				running = true
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	var rows []race.Row
	for _, e := range field {
		if e.failed != nil && e.weight == own {
			return nil, fmt.Errorf("%s: %w", e.Name, e.failed) // nothing to hold the others against
		}
		rows = append(rows, e.row(w))
	}
	return rows, nil
}

// enter gives a contender a directory with what it needs.
func (e *entrant) enter(c raceCase, f *far) (err error) {
	e.stage = stage{c: c, far: f}
	if e.stage.dir, err = os.MkdirTemp(f.dir, "run"); err != nil {
		return err
	}
	e.args, err = e.command(&e.stage)
	return err
}

// round is one run from an empty disk, measured and checked.
func (e *entrant) round(ctx context.Context) error {
	if err := e.clean(); err != nil {
		return err
	}
	if e.before != nil {
		if args := e.before(&e.stage); args != nil {
			if _, err := e.run(ctx, args); err != nil {
				return err
			}
		}
	}
	if _, err := e.stage.far.count(); err != nil {
		return err
	}
	began := time.Now()
	usage, err := e.run(ctx, e.args)
	wall := time.Since(began)
	if err != nil {
		return err
	}
	n, err := e.stage.far.count()
	if err != nil {
		return err
	}
	if err := e.verify(); err != nil {
		return err
	}
	if e.note(wall) {
		return nil
	}
	e.wall = append(e.wall, milliseconds(wall))
	e.cpu = append(e.cpu, milliseconds(time.Duration(usage.Utime.Nano()+usage.Stime.Nano())))
	e.peak = append(e.peak, float64(usage.Maxrss)/1024)
	e.requests, e.reads = append(e.requests, float64(n.requests)), append(e.reads, float64(n.reads))
	e.connections = append(e.connections, float64(n.connections))
	return nil
}

// note counts a round, and reports whether it was only for warming up: files
// that the kernel has to read, and bytecode that Python has to write.
func (e *entrant) note(wall time.Duration) (warming bool) {
	first := !e.started
	e.started = true
	switch {
	case first && wall < quickRun:
		return true
	case first && wall > verySlow:
		e.rounds = 1
	case first && wall > slow:
		e.rounds = min(e.rounds, 3)
	}
	e.rounds--
	return false
}

// clean removes what a run leaves.
func (e *entrant) clean() error {
	left, err := filepath.Glob(e.stage.path("out*"))
	for _, path := range append(left, e.stage.path("state")) {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// run starts a program in its directory, and waits. Its usage is that of all
// the processes that it waited for, too.
func (e *entrant) run(ctx context.Context, args []string) (*syscall.Rusage, error) {
	ctx, cancel := context.WithTimeout(ctx, tooLong)
	defer cancel()
	out, err := os.Create(e.stage.path("out"))
	if err != nil {
		return nil, err
	}
	defer out.Close() //nolint:errcheck // the program wrote to it, not we
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stderr strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = e.stage.dir, out, &stderr
	cmd.Env = e.stage.env()
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, lastLine(stderr.String()))
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return nil, errors.New("no resource usage")
	}
	return usage, nil
}

// env leads every SDK to the stand-in, by the names that each has for that.
func (s *stage) env() []string {
	env := []string{
		"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "AWS_DEFAULT_REGION=" + region,
		"AWS_ENDPOINT_URL_SSM=" + s.far.keys, "CHAMBER_AWS_SSM_ENDPOINT=" + s.far.keys,
		"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1",
	}
	for _, kv := range s.far.env() {
		if name, value, _ := strings.Cut(kv, "="); value != "" {
			env = append(env, name+"="+value)
		}
	}
	if ca := s.far.certificate(); ca != "" {
		env = append(env, "NODE_EXTRA_CA_CERTS="+ca)
	}
	return env
}

// verify looks for every value in what a program has written, to files or to
// its standard output. The limit program decrypts nothing, and a quiet tick
// of ours leaves what was there.
func (e *entrant) verify() error {
	if e.Name == race.Limit {
		return nil
	}
	files, err := filepath.Glob(e.stage.path("out*"))
	if err != nil {
		return err
	}
	var all strings.Builder
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all.Write(text)
	}
	for _, name := range e.stage.c.secrets() {
		if !strings.Contains(all.String(), standin.Value(name, e.stage.c.size)) {
			return fmt.Errorf("%s is not in what it wrote", name)
		}
	}
	return nil
}

func (e *entrant) row(w race.Wire) race.Row {
	row := race.Row{Case: e.stage.c.Name, Wire: w, Contender: e.Name, Rounds: len(e.wall)}
	if e.failed != nil {
		row.Failed = e.failed.Error()
		fmt.Fprintf(os.Stderr, "%s, %s, %s: %s\n", row.Case, w, e.Name, row.Failed)
		return row
	}
	row.WallMS, row.CPUMS, row.PeakMiB = median(e.wall), median(e.cpu), median(e.peak)
	row.Requests, row.Reads, row.Connections = int(median(e.requests)), int(median(e.reads)), int(median(e.connections))
	fmt.Fprintf(os.Stderr, "%s, %s, %s: %.1f ms, %.1f ms of CPU\n", row.Case, w, e.Name, row.WallMS, row.CPUMS)
	return row
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
