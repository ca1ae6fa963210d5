package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/credrender/credrender/test/bench/race"
)

// growing is one kind of work, at several sizes.
type growing struct {
	race.Serie
	sizes []int
	size  int // of a secret
	// command writes the files that a run of n needs, and returns its arguments.
	command func(dir string, n int) ([]string, error)
	again   bool // the run that counts is the second
}

// series are what has to grow no faster than the work.
func series() []growing {
	jobs := []int{1, 10, 50, 100, 200}
	return []growing{
		{race.Serie{Name: "refs", Title: "refs in a file"}, []int{1, 10, 50, 100, 200, 500}, 100, fileOf, false},
		{race.Serie{Name: "getall", Title: "getall"}, []int{100, 1000, 2000, 5000, 10000}, 100, func(string, int) ([]string, error) { return []string{"getall"}, nil }, false},
		{race.Serie{Name: "big", Title: "secrets of 100 KiB"}, []int{1, 10, 50}, bigSize, fileOf, false},
		{race.Serie{Name: "jobs", Title: "jobs of a config"}, jobs, 100, configOf, false},
		{race.Serie{Name: "unchanged", Title: "unchanged jobs"}, jobs, 100, configOf, true},
	}
}

// scale measures how time, memory and requests grow.
func scale(ctx context.Context, args []string) error {
	var p scalePlan
	fl := flag.NewFlagSet("bench scale", flag.ContinueOnError)
	fl.StringVar(&p.bin, "bin", "bin/credrender", "the credrender `PROGRAM`")
	fl.StringVar(&p.spawn, "spawn", "bin/bench/spawn", "the `PROGRAM` that measures others: test/bench/spawn")
	fl.StringVar(&p.only, "only", "", "only the serie of this `NAME`")
	fl.IntVar(&p.rounds, "rounds", 5, "rounds of each point")
	fl.StringVar(&p.json, "json", "", "write the numbers to `FILE`, not to standard output")
	if err := fl.Parse(args); err != nil {
		return err
	}
	var err error
	for _, path := range []*string{&p.bin, &p.spawn} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	g, err := p.measure(ctx)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(g, "", " ")
	if err != nil {
		return err
	}
	if p.json == "" {
		fmt.Println(string(text))
		return nil
	}
	return os.WriteFile(p.json, append(text, '\n'), 0o644)
}

type scalePlan struct {
	bin, spawn, only, json string
	rounds                 int
}

func (p *scalePlan) measure(ctx context.Context) (*race.Growth, error) {
	dir, err := os.MkdirTemp("", "credrender-scale")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeCertificate(dir); err != nil {
		return nil, err
	}
	load := loadAverage()
	g := &race.Growth{Date: time.Now().UTC().Format(time.DateOnly), Machine: description()}
	for _, s := range series() {
		if p.only != "" && p.only != s.Name {
			continue
		}
		for _, n := range s.sizes {
			point, err := p.point(ctx, dir, s, n)
			if err != nil {
				return nil, fmt.Errorf("%s, %d: %w", s.Title, n, err)
			}
			fmt.Fprintf(os.Stderr, "%s, %d: %.1f ms, %.1f ms of CPU, %.1f MiB, %d requests\n", s.Title, n, point.WallMS, point.CPUMS, point.PeakMiB, point.Requests)
			s.Points = append(s.Points, point)
		}
		g.Series = append(g.Series, s.Serie)
	}
	if p.only == "" || p.only == "daemon" {
		g.Daemon, err = p.daemon(ctx, dir)
	}
	g.Load = load + " before, " + loadAverage() + " after"
	return g, err
}

// point measures one size of one kind of work.
func (p *scalePlan) point(ctx context.Context, certs string, s growing, n int) (race.Point, error) {
	f, err := start(ctx, certs, raceWire(race.Reference(), s.size, n))
	if err != nil {
		return race.Point{}, err
	}
	defer f.stop()
	dir, err := os.MkdirTemp(certs, "scale")
	if err != nil {
		return race.Point{}, err
	}
	defer os.RemoveAll(dir)
	args, err := s.command(dir, n)
	if err != nil {
		return race.Point{}, err
	}
	var all taken
	for i := range p.rounds + 1 {
		one, err := p.once(ctx, f, dir, s, args)
		if err != nil {
			return race.Point{}, err
		}
		if i > 0 { // the first is for the kernel to read files
			all.add(one)
		}
	}
	return race.Point{
		N: n, WallMS: median(all.wall), CPUMS: median(all.cpu), PeakMiB: median(all.peak),
		Requests: int(median(all.requests)), Connections: int(median(all.connections)),
	}, nil
}

// sample is one run.
type sample struct {
	usage
	counts
}

func (t *taken) add(s sample) {
	t.wall, t.cpu, t.peak = append(t.wall, milliseconds(s.wall)), append(t.cpu, milliseconds(s.cpu)), append(t.peak, s.mib)
	t.requests, t.connections = append(t.requests, float64(s.requests)), append(t.connections, float64(s.connections))
}

// once is a run from an empty disk, or the one after it.
func (p *scalePlan) once(ctx context.Context, f *far, dir string, s growing, args []string) (got sample, err error) {
	left, err := filepath.Glob(filepath.Join(dir, "out*"))
	for _, path := range append(left, filepath.Join(dir, "state")) {
		err = errors.Join(err, os.RemoveAll(path))
	}
	if err != nil {
		return got, err
	}
	out, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		return got, err
	}
	defer out.Close()
	c := command{dir: dir, env: append(f.env(), "HOME="+dir), stdout: out, args: append([]string{p.bin, "--state-dir", filepath.Join(dir, "state")}, args...)}
	if s.again {
		if _, err := spawned(ctx, p.spawn, c); err != nil {
			return got, err
		}
	}
	if _, err := f.count(); err != nil {
		return got, err
	}
	if got.usage, err = spawned(ctx, p.spawn, c); err != nil {
		return got, err
	}
	got.counts, err = f.count()
	return got, err
}

// fileOf is a template of n refs.
func fileOf(dir string, n int) ([]string, error) {
	return []string{"render", filepath.Join(dir, "in") + ":" + filepath.Join(dir, "out")}, os.WriteFile(filepath.Join(dir, "in"), []byte(templateOf(n, false)), 0o600)
}

// configOf is a config of n jobs, each with a secret of its own in a file of its own.
func configOf(dir string, n int) ([]string, error) {
	var b strings.Builder
	b.WriteString("jobs:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: job%d\n    files: [{secret: n%d, dest: %q}]\n", i, i, filepath.Join(dir, fmt.Sprintf("out%d", i)))
	}
	path := filepath.Join(dir, "config.yaml")
	return []string{"--config", path, "render"}, os.WriteFile(path, []byte(b.String()), 0o600)
}
