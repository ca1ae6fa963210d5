package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/credrender/credrender/test/bench/race"
)

// racePlan is what is raced, and where the results go.
type racePlan struct {
	bin, venv, modules string
	spawn, programs    string
	only               string
	quick              bool
	rounds             int
	json               string
}

// peers is the race: credrender, the limit program and every peer that is
// here, in turns, on every wire.
func peers(ctx context.Context, args []string) error {
	var p racePlan
	fl := flag.NewFlagSet("bench peers", flag.ContinueOnError)
	fl.StringVar(&p.bin, "bin", "bin/credrender", "the credrender `PROGRAM`")
	fl.StringVar(&p.venv, "venv", "test/interop/.venv", "`FOLDER` of the Python that test/interop/prepare made")
	fl.StringVar(&p.modules, "modules", "test/interop/node_modules", "`FOLDER` of Node's modules")
	fl.StringVar(&p.programs, "programs", "bin/peers", "`FOLDER` of the programs that test/bench/build-peers made")
	fl.StringVar(&p.spawn, "spawn", "bin/bench/spawn", "the `PROGRAM` that measures others: test/bench/spawn")
	fl.StringVar(&p.only, "only", "", "only rows whose name (case, wire, contender) contains `TEXT`")
	fl.BoolVar(&p.quick, "quick", false, "round trips of 20 ms alone, and no contender where it is slow")
	fl.IntVar(&p.rounds, "rounds", 5, "rounds of each row; those that take seconds have fewer")
	fl.StringVar(&p.json, "json", "", "write the numbers to `FILE`, not tables to standard output")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if err := p.absolute(); err != nil {
		return err
	}
	began, load := time.Now(), loadAverage()
	report, err := p.race(ctx)
	if err != nil {
		return err
	}
	report.Date, report.Seconds = began.UTC().Format(time.DateOnly), int(time.Since(began).Seconds())
	report.Command = strings.TrimSpace("go run ./test/bench peers " + strings.Join(args, " "))
	report.Machine, report.Load = description(), load+" before, "+loadAverage()+" after"
	return p.show(report)
}

// absolute makes paths hold in the directories that contenders are run in.
func (p *racePlan) absolute() (err error) {
	for _, path := range []*string{&p.bin, &p.venv, &p.modules, &p.spawn, &p.programs} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	return nil
}

// show writes the numbers, or prints what a page would have.
func (p *racePlan) show(report *race.Report) error {
	if p.json == "" {
		_, err := fmt.Print(report.Markdown())
		return err
	}
	text, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(p.json, append(text, '\n'), 0o644)
}

// pages writes what pages have of the last run, and its plots, below the current folder.
func pages(_ context.Context, args []string) error {
	if len(args) > 0 {
		return errors.New("bench pages takes no arguments")
	}
	files, err := race.Files(".")
	if err != nil {
		return err
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// race measures all of it.
func (p *racePlan) race(ctx context.Context) (*race.Report, error) {
	dir, err := os.MkdirTemp("", "credrender-race")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeCertificate(dir); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	all := append([]contender{ours(p.bin), limits(self)}, append(installed(ctx, p.venv, p.modules), built(ctx, p.programs)...)...)
	r := &race.Report{Reference: race.Reference()}
	for _, x := range all {
		r.Contenders = append(r.Contenders, x.Contender)
	}
	for _, c := range raceCases() {
		r.Cases = append(r.Cases, c.Case)
		for _, w := range raceWires(p.quick) {
			rows, err := p.heat(ctx, dir, c, w, all)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", c.Name, w, err)
			}
			r.Rows = append(r.Rows, rows...)
		}
	}
	if r.FloorMiB, err = ownPeak(); err != nil {
		return nil, err
	}
	// The last, since it takes memory.
	if r.Fake, err = measureFake(ctx, dir); err != nil {
		return nil, fmt.Errorf("measure the fake: %w", err)
	}
	return r, nil
}

// ownPeak is the most memory that this process had so far, in MiB.
func ownPeak() (float64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("resource usage on %s: %w", runtime.GOOS, err)
	}
	return float64(u.Maxrss) / 1024, nil
}

// measureFake asks it as fast as the limit program can, for a second each.
func measureFake(ctx context.Context, dir string) (race.Fake, error) {
	rate := func(tls bool) (float64, error) {
		f, err := start(ctx, dir, wire{TLS: tls, Size: 100})
		if err != nil {
			return 0, err
		}
		defer f.stop()
		c, err := limitClient(f.tables, f.keys, f.certificate())
		if err != nil {
			return 0, err
		}
		return c.Rate(ctx, 16, time.Second)
	}
	plain, err := rate(false)
	if err != nil {
		return race.Fake{}, err
	}
	secured, err := rate(true)
	return race.Fake{Plain: plain, TLS: secured}, err
}
