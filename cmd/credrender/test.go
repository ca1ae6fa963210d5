package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/golden"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/mask"
)

type testOptions struct {
	update, verbose bool
	junit           string
	output, color   string
}

func newTest(a *app) *cobra.Command {
	o := &testOptions{}
	c := &cobra.Command{
		Use:   "test [DIR|FILE]...",
		Short: "Test templates by fixtures, without AWS",
		Long: `Run the cases of all *.test.yaml files below DIR (default: the working directory):

  template: app.tmpl
  cases:
    - name: production
      fixtures: {secret: {db.password: hunter2}, env: {PORT: "8080"}}
      vars: {tls: true}
      now: 2026-01-02T03:04:05Z
      want: app.conf            # a file, or want_text: |, or want_error: TEXT

A template of for_each needs the key of an entry in each case, key: a.example. The value is
that of the config, or value: {port: 8080}.

A case sees nothing of the machine: what its fixtures do not have does not exist. Paths
are relative to the test file. Differences are masked as in plan. No command of a job
runs.

Exit code 1 if a case fails, 2 if a test file is wrong.`,
		Example: `  credrender test examples/cookbook
  credrender test --update
  credrender test --junit report.xml`,
		RunE: func(c *cobra.Command, args []string) error { return runTest(c.Context(), a, o, args) },
	}
	c.Flags().BoolVar(&o.update, "update", false, "write the output into want and want_text instead of comparing")
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "list the cases that pass too")
	c.Flags().StringVar(&o.junit, "junit", "", "also write a report in JUnit's format to `FILE`")
	outputFlag(c, &o.output, "text|json", "text")
	colorFlag(c, &o.color)
	return c
}

func runTest(ctx context.Context, a *app, o *testOptions, args []string) error {
	if err := a.limitInputs(); err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	paths, err := a.testFiles(args)
	if err != nil {
		return err
	}
	var read []string
	suites, err := a.runSuites(ctx, o, paths, func(path string) { read = append(read, a.abs(path)) })
	if err != nil {
		return err
	}
	if slices.Contains(read, a.abs(o.junit)) {
		return usagef("--junit: %s is a file of the tests: choose another", source.Show(o.junit))
	}
	if o.junit != "" {
		report, err := golden.JUnit(suites)
		if err != nil {
			return err
		}
		if err := os.WriteFile(a.abs(o.junit), report, 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return a.showSuites(o, suites)
}

// testFiles returns the test files below directories, in lexical order, and those named
// on the command line. Hidden directories are left out.
func (a *app) testFiles(args []string) (paths []string, err error) {
	for _, arg := range args {
		if arg == "" {
			return nil, usagef("DIR is empty: leave it out, or pass a directory")
		}
		info, err := os.Stat(a.abs(arg))
		if err != nil {
			return nil, fileError(err)
		}
		found := []string{filepath.Clean(arg)}
		if info.IsDir() {
			if found, err = a.findTests(arg); err != nil {
				return nil, err
			}
		}
		if len(found) == 0 {
			return nil, usagef("there is no *.test.yaml below %s", arg)
		}
		for _, path := range found {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}

func (a *app) findTests(dir string) (found []string, err error) {
	root := a.abs(dir)
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != root && strings.HasPrefix(e.Name(), "."):
			return filepath.SkipDir
		case !e.IsDir() && strings.HasSuffix(e.Name(), ".test.yaml"):
			rel, err := filepath.Rel(root, path)
			found = append(found, filepath.Join(dir, rel))
			return err
		}
		return nil
	})
	return found, fileError(err)
}

// runSuites runs each test file. One that is wrong is reported, and does not keep the
// others from running.
func (a *app) runSuites(ctx context.Context, o *testOptions, paths []string, seen func(path string)) ([]golden.Suite, error) {
	r := &golden.Runner{
		Abs:    a.abs,
		Read:   func(path string) ([]byte, error) { seen(path); return a.readNamed(path) },
		Config: func(path string) (*config.Config, error) { seen(path); return a.testConfig(ctx, path) },
	}
	if o.update {
		r.Write = a.writeBelow
	}
	var suites []golden.Suite
	p := a.progress("test")
	defer p.end()
	for i, path := range paths {
		p.update(i, len(paths))
		suite, err := r.Run(ctx, path)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			a.fail(err)
		}
		suites = append(suites, suite)
	}
	return suites, nil
}

// testConfig loads the config of a test, without flags and environment, which differ from
// machine to machine. Owners are not checked: a test runs no command, and writes only
// expectations.
func (a *app) testConfig(ctx context.Context, path string) (*config.Config, error) {
	const nobody = -1
	cfg, err := config.Load(ctx, config.Options{
		Flags: map[string]string{"config": a.abs(path)}, Environ: []string{"HOME=" + a.home()}, Dir: a.dir, EUID: nobody, Read: a.input.ReadFile,
	})
	if err == nil {
		err = errors.Join(cfg.Broken...)
	}
	return cfg, err
}

// writeBelow replaces a file below a directory, and none elsewhere by way of a link.
func (a *app) writeBelow(dir, name string, data []byte) error {
	root, err := os.OpenRoot(a.abs(dir))
	if err != nil {
		return fileError(err)
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("update the expectation: %w", err)
	}
	if err := root.WriteFile(name, data, 0o644); err != nil {
		return fmt.Errorf("update the expectation: %w", err)
	}
	return nil
}

// testReport is the result of test, as -o json prints it.
type testReport struct {
	Cases   []testCase  `json:"cases" doc:"all cases, in order"`
	Summary testSummary `json:"summary" doc:"numbers over all files"`
}

type testCase struct {
	File    string `json:"file" doc:"the test file"`
	Line    int    `json:"line" doc:"where the case begins"`
	Name    string `json:"name" doc:"its name"`
	Passed  bool   `json:"passed" doc:"it passed"`
	Problem string `json:"problem,omitempty" doc:"why it failed"`
	Diff    string `json:"diff,omitempty" doc:"a unified diff, masked"`
	Updated string `json:"updated,omitempty" doc:"the file that --update changed"`
}

type testSummary struct {
	Files  int `json:"files" doc:"test files"`
	Passed int `json:"passed" doc:"cases that passed"`
	Failed int `json:"failed" doc:"cases that failed"`
}

func reportOf(suites []golden.Suite) testReport {
	r := testReport{Cases: []testCase{}, Summary: testSummary{Files: len(suites)}}
	for _, s := range suites {
		for _, c := range s.Results {
			r.Cases = append(r.Cases, testCase{s.Path, c.Line, c.Name, c.Problem == "", c.Problem, c.Diff, c.Updated})
		}
		r.Summary.Failed += s.Failed()
	}
	r.Summary.Passed = len(r.Cases) - r.Summary.Failed
	return r
}

// showSuites prints the cases that failed, and all of them with --verbose or -o json.
func (a *app) showSuites(o *testOptions, suites []golden.Suite) error {
	r := reportOf(suites)
	var err error
	if o.output == "json" {
		err = a.printJSON(r)
	} else {
		err = a.write([]byte(r.text(o.verbose, a.colors(o.color))))
	}
	if failed := r.Summary.Failed; err == nil && failed > 0 {
		err = fmt.Errorf("%d of %s failed", failed, count(len(r.Cases), "case"))
	}
	return err
}

// text formats a report for people: what a terminal would obey is written out, but for
// the colors.
func (r *testReport) text(verbose, color bool) string {
	var b strings.Builder
	fail, shown := "FAIL", func(diff string) string { return diff }
	if color {
		fail, shown = red+fail+endColor, colorDiff
	}
	updated := map[string]bool{}
	for _, c := range r.Cases {
		place := mask.Visible(fmt.Sprintf("%s:%d: %s", c.File, c.Line, c.Name))
		switch {
		case !c.Passed:
			fmt.Fprintf(&b, "%s  %s: %s\n%s", fail, place, mask.VisibleLines(c.Problem), shown(mask.VisibleLines(c.Diff)))
		case c.Updated != "":
			if !updated[c.File+c.Updated] {
				fmt.Fprintf(&b, "updated  %s\n", mask.Visible(c.Updated))
			}
			updated[c.File+c.Updated] = true
		case verbose:
			fmt.Fprintf(&b, "ok    %s\n", place)
		}
	}
	s := r.Summary
	fmt.Fprintf(&b, "%s in %s: %d passed, %d failed\n", count(len(r.Cases), "case"), count(s.Files, "file"), s.Passed, s.Failed)
	return b.String()
}
