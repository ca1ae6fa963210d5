package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// plan is what is measured.
type plan struct {
	bin, spawn             string
	warmRounds, coldRounds int
	only                   string
	exact                  bool // only is a whole name
}

func (p *plan) wants(name string) bool {
	return name == p.only || !p.exact && strings.Contains(name, p.only)
}

// row is one case, measured.
type row struct {
	Name     string  `json:"name"`
	Cold     bool    `json:"cold"`
	TLS      bool    `json:"tls"`
	RTT      int     `json:"rtt_ms"`
	Region   bool    `json:"region,omitempty"` // RTT is what a Query takes: see inRegion
	Refs     int     `json:"refs"`
	Computed bool    `json:"computed"`
	Ours     float64 `json:"ours_ms"`
	Limit    float64 `json:"limit_ms"`
	OursCPU  float64 `json:"ours_cpu_ms"` // user and system time
	LimitCPU float64 `json:"limit_cpu_ms"`
	Rounds   int     `json:"rounds"`
	// Ideal is the round trips alone: two warm, four cold (a connection takes
	// two).
	Ideal float64 `json:"ideal_ms"`
}

// report is what a run found.
type report struct {
	Date    string  `json:"date"`
	Seconds int     `json:"seconds"`
	Command string  `json:"command"`
	Machine machine `json:"machine"`
	Process process `json:"process"`
	Rows    []row   `json:"rows"`
	// Patience is left out where only some cases are measured.
	Patience []patience `json:"patience,omitempty"`
}

var (
	roundTrips = []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond, 80 * time.Millisecond}
	refCounts  = []int{1, 50, 200}
)

// measure runs all of it. What is said of the process itself comes first: a
// child's peak memory is at least what its parent had when it started it.
func (p *plan) measure(ctx context.Context) (*report, error) {
	dir, err := os.MkdirTemp("", "credrender-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeCertificate(dir); err != nil {
		return nil, err
	}
	r := &report{Machine: thisMachine()}
	if r.Process, err = p.process(ctx, dir); err != nil {
		return nil, fmt.Errorf("measure the process: %w", err)
	}
	if r.Rows, err = p.rows(ctx, dir); err != nil {
		return nil, err
	}
	r.Machine.LoadAfter = loadAverage()
	if p.only == "" || p.only == "patience" {
		if r.Patience, err = p.patience(ctx, dir); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// rows measures every case that is wanted.
func (p *plan) rows(ctx context.Context, dir string) (all []row, err error) {
	for _, cold := range []bool{false, true} {
		for _, tls := range []bool{false, true} {
			for _, rtt := range append([]time.Duration{inRegion}, roundTrips...) {
				rows, err := p.group(ctx, dir, cold, tls, rtt)
				if err != nil {
					return nil, err
				}
				all = append(all, rows...)
			}
		}
	}
	return all, nil
}

// group measures the cases that have one fake in common.
func (p *plan) group(ctx context.Context, dir string, cold, tls bool, rtt time.Duration) ([]row, error) {
	var rows []row
	for _, n := range refCounts {
		for _, computed := range []bool{false, true} {
			r := row{Cold: cold, TLS: tls, RTT: int(rtt.Milliseconds()), Refs: n, Computed: computed, Region: rtt == inRegion}
			r.Name = r.name()
			if (cold && computed) || !p.wants(r.Name) {
				continue
			}
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	w := wire{TLS: tls, RTT: rtt, Size: 100}
	if cold {
		w.Connect = 2 * rtt
	}
	if rtt == inRegion {
		w.Connect, w.Decrypt = inRegionConnect, inRegionDecrypt
	}
	f, err := start(ctx, dir, w)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	for i := range rows {
		if err := p.one(ctx, f, &rows[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", rows[i].Name, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %.1f ms, limit %.1f ms\n", rows[i].Name, rows[i].Ours, rows[i].Limit)
	}
	return rows, nil
}

func (p *plan) one(ctx context.Context, f *far, r *row) error {
	var ours, limits func() error
	var err error
	if r.Cold {
		r.Rounds, r.Ideal = p.coldRounds, float64(4*r.RTT)
		if r.Region { // two connections, a Query and a Decrypt
			r.Ideal = milliseconds(inRegionConnect + inRegion + inRegionDecrypt)
		}
		ours, limits, err = p.cold(ctx, f, r)
	} else {
		r.Rounds, r.Ideal = p.warmRounds, float64(2*r.RTT)
		if r.Region {
			r.Ideal = milliseconds(inRegion + inRegionDecrypt)
		}
		ours, limits, err = warm(ctx, f, r)
	}
	if err != nil {
		return err
	}
	return r.inTurns(ours, limits)
}

// inTurns takes medians; a first round counts for nothing.
func (r *row) inTurns(ours, limits func() error) error {
	var a, b samples
	for i := range r.Rounds + 1 {
		if err := errors.Join(a.take(ours), b.take(limits)); err != nil {
			return err
		}
		if i == 0 {
			a, b = samples{}, samples{}
		}
	}
	r.Ours, r.OursCPU = median(a.wall), median(a.cpu)
	r.Limit, r.LimitCPU = median(b.wall), median(b.cpu)
	return nil
}

// samples are in milliseconds.
type samples struct{ wall, cpu []float64 }

func (s *samples) take(f func() error) error {
	began, used := time.Now(), cpuTime()
	if err := f(); err != nil {
		return err
	}
	s.wall = append(s.wall, milliseconds(time.Since(began)))
	s.cpu = append(s.cpu, milliseconds(cpuTime()-used))
	return nil
}

// cpuTime is that of this process and of its children that have ended: the
// fake's does not count.
func cpuTime() time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

func (r *row) name() string {
	words := []string{"warm", "plain", fmt.Sprintf("%dms", r.RTT), fmt.Sprintf("%drefs", r.Refs)}
	if r.Cold {
		words[0] = "cold"
	}
	if r.TLS {
		words[1] = "tls"
	}
	if r.Region {
		words[2] = "region"
	}
	if r.Computed {
		words = append(words, "computed")
	}
	return strings.Join(words, "-")
}
