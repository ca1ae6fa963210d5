package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/credrender/credrender/test/bench/race"
)

// checked are the cases of which the ratios are on record: what a release must
// not lose unnoticed, and a dozen seconds of measuring.
func checked() []string {
	return []string{"warm-plain-20ms-50refs", "warm-tls-20ms-200refs", "cold-plain-0ms-1refs", "cold-plain-20ms-50refs", "cold-tls-20ms-50refs", "cold-tls-region-1refs", "cold-tls-region-50refs", "cold-tls-region-200refs"}
}

// check holds our ratios to the limit program against those on record. Times
// are not compared: machines differ, and a program beside the other on one
// machine much less.
func check(ctx context.Context, args []string) error {
	p := plan{warmRounds: 9, coldRounds: 7, exact: true}
	var record string
	var update bool
	fl := flag.NewFlagSet("bench check", flag.ContinueOnError)
	fl.StringVar(&p.bin, "bin", "bin/credrender", "the `PROGRAM` to measure cold")
	fl.StringVar(&p.spawn, "spawn", "bin/bench/spawn", "the `PROGRAM` that measures others: test/bench/spawn")
	fl.StringVar(&record, "record", "test/bench/ratios.json", "the ratios on record")
	fl.BoolVar(&update, "update", false, "write the record instead")
	if err := fl.Parse(args); err != nil {
		return err
	}
	var err error
	for _, path := range []*string{&p.bin, &p.spawn} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	tooMuch, err := p.tooMuch(ctx)
	if err != nil {
		return err
	}
	outgrown, err := (&scalePlan{bin: p.bin, spawn: p.spawn, rounds: 3}).outgrown(ctx)
	if err != nil {
		return err
	}
	tooMuch = append(tooMuch, outgrown...)
	debug.SetGCPercent(400) // as credrender itself does for a run of usual size
	measured, err := p.ratios(ctx)
	if err != nil {
		return err
	}
	if update {
		text, err := json.MarshalIndent(measured, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(record, append(text, '\n'), 0o644)
	}
	var recorded map[string]race.Ratio
	text, err := os.ReadFile(record)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &recorded); err != nil {
		return fmt.Errorf("%s: %w", record, err)
	}
	faults := append(tooMuch, race.Check(recorded, measured)...)
	if len(faults) > 0 {
		// Something else may have had the machine: a real loss is there again.
		again, err := p.ratios(ctx)
		if err != nil {
			return err
		}
		faults = append(tooMuch, race.Check(recorded, race.Better(measured, again))...)
	}
	if len(faults) > 0 {
		return errors.New("slower or larger than on record:\n" + strings.Join(faults, "\n"))
	}
	return nil
}

// ratios measures the checked cases.
func (p *plan) ratios(ctx context.Context) (map[string]race.Ratio, error) {
	dir, err := os.MkdirTemp("", "credrender-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeCertificate(dir); err != nil {
		return nil, err
	}
	ratios := map[string]race.Ratio{}
	for _, name := range checked() {
		p.only = name
		rows, err := p.rows(ctx, dir)
		if err != nil {
			return nil, err
		}
		if len(rows) != 1 {
			return nil, fmt.Errorf("%d cases have the name %s", len(rows), name)
		}
		r := rows[0]
		ratios[name] = race.Ratio{Wall: round(r.Ours / r.Limit), CPU: round(r.OursCPU / r.LimitCPU)}
	}
	return ratios, nil
}

// round keeps two decimals: more would be noise in the record.
func round(ratio float64) float64 { return float64(int(ratio*100+0.5)) / 100 }
