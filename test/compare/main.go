// Command compare plays the same failures with credrender and with its peers, and writes a
// table of the results:
//
//	go run ./test/compare -credrender bin/credrender -consul-template bin/peers/consul-template -o docs/dev/compare-hooks.md
//
// A [scenario] is a few runs of one configuration, with a failure between or during them. It
// is the same for all programs: a [tool] writes the configuration of one program and starts
// it. Values reach the programs through the environment, so that no server and no network is
// needed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	ours := flags.String("credrender", "bin/credrender", "the credrender to run")
	template := flags.String("consul-template", "", "the consul-template to run; empty: not run")
	confd := flags.String("confd", "", "the confd (abtreece/confd) to run; empty: not run")
	out := flags.String("o", "", "the page to write; empty: standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var columns []column
	for _, c := range []struct {
		tool   tool
		bin    string
		absent string
	}{
		{credrender{}, *ours, ""},
		{consulTemplate{}, *template, "not run"},
		{confdTool{}, *confd, "not run (CONFD_BIN)"},
	} {
		col := column{name: c.tool.name(), absent: c.absent}
		if c.bin != "" {
			bin, err := filepath.Abs(c.bin)
			if err != nil {
				return err
			}
			if err := col.fill(ctx, c.tool, bin); err != nil {
				return fmt.Errorf("%s: %w", col.name, err)
			}
		}
		columns = append(columns, col)
	}
	page := page(columns)
	if *out == "" {
		_, err := io.WriteString(stdout, page)
		return err
	}
	return os.WriteFile(*out, []byte(page), 0o644)
}

// column is one program's part of the table.
type column struct {
	name    string
	absent  string // what is said where it was not run
	version string
	cells   []outcome // by scenario; nil: not run
}

func (c *column) fill(ctx context.Context, t tool, bin string) (err error) {
	if c.version, err = t.version(ctx, bin); err != nil {
		return err
	}
	for _, s := range scenarios() {
		o, err := try(ctx, t, bin, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		c.cells = append(c.cells, o)
	}
	return nil
}

// try plays one scenario in a directory of its own.
func try(ctx context.Context, t tool, bin string, s scenario) (o outcome, err error) {
	dir, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil {
		return o, err
	}
	st := &stage{ctx: ctx, tool: t, bin: bin, dir: dir}
	o = s.play(st)
	return o, st.err
}
