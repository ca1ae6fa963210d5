package main

import (
	"fmt"
	"strings"

	"github.com/credrender/credrender/internal/golden"
	"github.com/credrender/credrender/pkg/template/mask"
)

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
