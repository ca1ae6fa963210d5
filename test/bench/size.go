package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// What a start and a render may take at most. docs/dev/measured.md has what they took.
const (
	// mostInitialized is what the package variables of all packages may allocate, in
	// bytes. Unlike the time it takes, it is the same in every start.
	mostInitialized = 950_000
	// mostMiB and mostBigMiB are the peak memory of 200 small secrets and of 50 of
	// 100 KiB, over TLS.
	mostMiB, mostBigMiB = 44, 64
)

// tooMuch says what takes more than it may. It runs before the bench itself needs memory: a
// child's peak is at least what its parent had when it started it.
func (p *plan) tooMuch(ctx context.Context) (faults []string, err error) {
	dir, err := os.MkdirTemp("", "credrender-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeCertificate(dir); err != nil {
		return nil, err
	}
	for _, c := range []struct {
		refs, size int
		most       float64
	}{{200, 100, mostMiB}, {bigRefs, bigSize, mostBigMiB}} {
		peak, err := p.leastPeak(ctx, dir, c.refs, c.size)
		if err != nil {
			return nil, err
		}
		if peak > c.most {
			faults = append(faults, fmt.Sprintf("%d secrets of %d bytes: a peak of %.1f MiB, more than %.0f", c.refs, c.size, peak, c.most))
		}
	}
	bytes, err := initialized(ctx, p.bin)
	if err == nil && bytes > mostInitialized {
		faults = append(faults, fmt.Sprintf("package variables take %d bytes of each start, more than %d", bytes, mostInitialized))
	}
	return faults, err
}

// leastPeak returns the least peak of three renders, since what else runs on the machine
// only adds to it.
func (p *plan) leastPeak(ctx context.Context, dir string, refs, size int) (float64, error) {
	f, err := start(ctx, dir, wire{TLS: true, Size: size})
	if err != nil {
		return 0, err
	}
	defer f.stop()
	least, err := p.peak(ctx, f, refs, size)
	for range 2 {
		var next float64
		if err == nil {
			next, err = p.peak(ctx, f, refs, size)
			least = min(least, next)
		}
	}
	return least, err
}

// initialized returns the bytes that the package variables of a program allocate, by
// GODEBUG=inittrace=1: "init net/http @1 ms, 0.02 ms clock, 4712 bytes, 49 allocs".
func initialized(ctx context.Context, bin string) (sum int, err error) {
	cmd := exec.CommandContext(ctx, bin, "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace strings.Builder
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	for line := range strings.Lines(trace.String()) {
		words := strings.Fields(line)
		for i, word := range words {
			if word != "bytes," {
				continue
			}
			n, err := strconv.Atoi(words[i-1])
			if err != nil {
				return 0, fmt.Errorf("inittrace: %q: %w", line, err)
			}
			sum += n
		}
	}
	if sum == 0 {
		return 0, errors.New("inittrace: no package has variables")
	}
	return sum, nil
}
