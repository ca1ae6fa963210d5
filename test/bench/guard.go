package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/credrender/credrender/test/bench/race"
)

// bound is how a kind of work may grow from one size to a larger one.
type bound struct {
	serie    string
	from, to int
	requests float64 // for each piece of work, at most, and ten more
	mostMiB  float64 // at the larger size
}

// bounds hold for every machine: CPU may grow as the work does, with a margin for noise, and
// requests and memory are nearly the same everywhere.
func bounds() []bound {
	return []bound{
		{"refs", 50, 500, 2, 60},
		{"getall", 1000, 10000, 1.01, 90},
		{"jobs", 50, 200, 2, 50},
		{"unchanged", 50, 200, 1, 48},
	}
}

// noise is how much faster than the work CPU may grow.
const noise = 1.5

// mostOwnMiB is what a daemon with four unchanged jobs may have of its own.
const mostOwnMiB = 8

// outgrown says what grows faster than it may.
func (p *scalePlan) outgrown(ctx context.Context) (faults []string, err error) {
	dir, err := os.MkdirTemp("", "credrender-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeCertificate(dir); err != nil {
		return nil, err
	}
	for _, b := range bounds() {
		i := slices.IndexFunc(series(), func(s growing) bool { return s.Name == b.serie })
		s := series()[i]
		small, err := p.point(ctx, dir, s, b.from)
		if err != nil {
			return nil, fmt.Errorf("%s, %d: %w", s.Title, b.from, err)
		}
		large, err := p.point(ctx, dir, s, b.to)
		if err != nil {
			return nil, fmt.Errorf("%s, %d: %w", s.Title, b.to, err)
		}
		faults = append(faults, b.faults(s.Title, small, large)...)
	}
	daemon, err := p.daemon(ctx, dir)
	if err == nil && daemon.OwnMiB > mostOwnMiB {
		faults = append(faults, fmt.Sprintf("a daemon with four unchanged jobs has %.1f MiB of its own, more than %d", daemon.OwnMiB, mostOwnMiB))
	}
	return faults, err
}

// faults holds two sizes of one kind of work against each other.
func (b bound) faults(title string, small, large race.Point) (faults []string) {
	if most := noise * float64(b.to) / float64(b.from); large.CPUMS/small.CPUMS > most {
		faults = append(faults, fmt.Sprintf("%s: %d take %.1f times the CPU of %d, more than %.1f", title, b.to, large.CPUMS/small.CPUMS, b.from, most))
	}
	if most := int(b.requests*float64(b.to)) + 10; large.Requests > most {
		faults = append(faults, fmt.Sprintf("%s: %d take %d requests, more than %d", title, b.to, large.Requests, most))
	}
	if large.PeakMiB > b.mostMiB {
		faults = append(faults, fmt.Sprintf("%s: %d take a peak of %.1f MiB, more than %.0f", title, b.to, large.PeakMiB, b.mostMiB))
	}
	return faults
}
