package main

import (
	"fmt"
	"strings"

	"github.com/credrender/credrender/internal/golden"
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

// text formats a report for people.
func (r *testReport) text(verbose, color bool) string {
	var b strings.Builder
	updated := map[string]bool{}
	for _, c := range r.Cases {
		switch {
		case !c.Passed && color:
			fmt.Fprintf(&b, "%sFAIL%s  %s:%d: %s: %s\n%s", red, endColor, c.File, c.Line, c.Name, c.Problem, colorDiff(c.Diff))
		case !c.Passed:
			fmt.Fprintf(&b, "FAIL  %s:%d: %s: %s\n%s", c.File, c.Line, c.Name, c.Problem, c.Diff)
		case c.Updated != "":
			if !updated[c.File+c.Updated] {
				fmt.Fprintf(&b, "updated  %s\n", c.Updated)
			}
			updated[c.File+c.Updated] = true
		case verbose:
			fmt.Fprintf(&b, "ok    %s:%d: %s\n", c.File, c.Line, c.Name)
		}
	}
	s := r.Summary
	fmt.Fprintf(&b, "%s in %s: %d passed, %d failed\n", count(len(r.Cases), "case"), count(s.Files, "file"), s.Passed, s.Failed)
	return b.String()
}
