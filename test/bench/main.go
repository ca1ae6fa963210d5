// Command bench measures renders against the limit program: what the wire and
// the signatures cost, and nothing else (package limit). Both talk to a
// fake with an injected distance (package fake) in a process of its
// own, in turns, within one run; the tables have medians.
//
//	go run ./test/bench -bin bin/credrender -md table.md -json table.json
//
// Warm is a render in memory, again and again in one process, connections and
// all. Cold is a new process, from its start to its end with the file in place;
// a new connection then takes two round trips, as TCP and TLS 1.3 do.
//
//	go run ./test/bench peers -json test/bench/peers.json
//	go run ./test/bench scale -json test/bench/scale.json
//	go run ./test/bench pages
//
// are the race against other programs, cold; how time and memory grow; and the pages and plots
// that are computed from both. And
//
//	go run ./test/bench check
//
// compares a few ratios with those on record, for CI. What a race has found, and
// how it is shown, is package race's.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the benchmark, one of the two programs that it starts, the race
// against peers, or the check of ratios.
func run(ctx context.Context, args []string) error {
	programs := map[string]func(context.Context, []string) error{"serve": serve, "limit": limitOnce, "peers": peers, "scale": scale, "pages": pages, "check": check}
	if len(args) > 0 && programs[args[0]] != nil {
		return programs[args[0]](ctx, args[1:])
	}
	var p plan
	var markdown, jsonFile string
	fl := flag.NewFlagSet("bench", flag.ContinueOnError)
	fl.StringVar(&p.bin, "bin", "bin/credrender", "the `PROGRAM` to measure cold")
	fl.StringVar(&p.spawn, "spawn", "", "the `PROGRAM` that measures peaks: test/bench/spawn")
	fl.IntVar(&p.warmRounds, "warm", 11, "rounds of each warm case")
	fl.IntVar(&p.coldRounds, "cold", 9, "rounds of each cold case")
	fl.StringVar(&p.only, "only", "", "only cases whose name contains `TEXT`")
	fl.StringVar(&markdown, "md", "", "write the tables to `FILE` besides standard output")
	fl.StringVar(&jsonFile, "json", "", "write the numbers to `FILE`")
	if err := fl.Parse(args); err != nil {
		return err
	}
	debug.SetGCPercent(400) // as credrender itself does for a run of usual size
	started := time.Now()
	report, err := p.measure(ctx)
	if err != nil {
		return err
	}
	report.Date, report.Seconds = started.UTC().Format(time.DateOnly), int(time.Since(started).Seconds())
	report.Command = "go run ./test/bench " + strings.Join(args, " ")
	text := report.markdown()
	fmt.Print(text)
	if markdown != "" {
		if err := os.WriteFile(markdown, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if jsonFile == "" {
		return nil
	}
	out, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(jsonFile, append(out, '\n'), 0o644)
}
