package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/credrender/credrender/test/bench/race"
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
	spawn   string // the program that measures, if there is one
	failed  error
	started bool
	rounds  int // that it is still to have
	taken
}

// taken are samples, in ms, MiB and numbers.
type taken struct{ wall, cpu, peak, requests, reads, connections []float64 }

// heat runs one case on one wire.
func (p *racePlan) heat(ctx context.Context, dir string, c raceCase, w race.Wire, all []contender) ([]race.Row, error) {
	field := p.field(c, w, all)
	if len(field) == 0 {
		return nil, nil
	}
	f, err := start(ctx, dir, raceWire(w, c.size, c.names))
	if err != nil {
		return nil, err
	}
	defer f.stop()
	for _, e := range field {
		if err := e.enter(c, f); err != nil {
			return nil, err
		}
		defer os.RemoveAll(e.stage.dir)
	}
	if err := turns(ctx, field); err != nil {
		return nil, err
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

// field returns who takes part.
func (p *racePlan) field(c raceCase, w race.Wire, all []contender) (field []*entrant) {
	for _, x := range all {
		name := c.Name + ", " + w.String() + ", " + x.Name
		can := x.Missing == "" && (x.can(c.way) || c.way == starting && x.start != nil) && (x.most == 0 || c.Refs <= x.most)
		if can && c.takesPart(w, x.weight, p.quick) && strings.Contains(name, p.only) {
			field = append(field, &entrant{contender: x, rounds: p.rounds, spawn: p.spawn})
		}
	}
	return field
}

// turns gives everyone a round, again and again until all have had theirs.
func turns(ctx context.Context, field []*entrant) error {
	for running := true; running; {
		running = false
		for _, e := range field {
			if e.failed == nil && e.rounds > 0 {
				e.failed = e.round(ctx)
				running = true
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// enter gives a contender a directory with what it needs.
func (e *entrant) enter(c raceCase, f *far) (err error) {
	e.stage = stage{c: c, far: f}
	if e.stage.dir, err = os.MkdirTemp(f.dir, "run"); err != nil {
		return err
	}
	if c.way == starting {
		e.args = e.start
		return nil
	}
	e.args, err = e.command(&e.stage)
	return err
}

// round is one run from an empty disk, measured and checked.
func (e *entrant) round(ctx context.Context) error {
	if err := e.ready(ctx); err != nil {
		return err
	}
	used, err := e.run(ctx, e.args)
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
	if e.note(used.wall) {
		return nil
	}
	e.wall = append(e.wall, milliseconds(used.wall))
	e.cpu = append(e.cpu, milliseconds(used.cpu))
	e.peak = append(e.peak, used.mib)
	e.requests, e.reads = append(e.requests, float64(n.requests)), append(e.reads, float64(n.reads))
	e.connections = append(e.connections, float64(n.connections))
	return nil
}

// ready removes what a run has left, makes the run that comes before the
// measured one, if there is one, and sets the counts to zero.
func (e *entrant) ready(ctx context.Context) error {
	left, err := filepath.Glob(e.stage.path("out*"))
	for _, path := range append(left, e.stage.path("state")) {
		err = errors.Join(err, os.RemoveAll(path))
	}
	if err != nil {
		return err
	}
	if e.before != nil {
		if args := e.before(&e.stage); args != nil {
			if _, err := e.run(ctx, args); err != nil {
				return err
			}
		}
	}
	_, err = e.stage.far.count()
	return err
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
