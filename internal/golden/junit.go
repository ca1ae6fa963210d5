package golden

import (
	"encoding/xml"
	"fmt"
)

// The elements of a report in JUnit's format that CI servers read
// (https://github.com/testmoapp/junitxml).
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit returns a report of suites. It has the masked differences, and no value.
func JUnit(suites []Suite) ([]byte, error) {
	all := junitSuites{Name: "credrender test"}
	for _, s := range suites {
		one := junitSuite{Name: s.Path, Tests: len(s.Results), Failures: s.Failed()}
		for _, r := range s.Results {
			c := junitCase{Name: r.Name, Class: s.Path, File: s.Path, Line: r.Line}
			if r.Problem != "" {
				c.Failure = &junitFailure{Message: r.Problem, Type: "difference", Text: r.Diff}
				if r.Diff == "" {
					c.Failure.Type = "error"
				}
			}
			one.Cases = append(one.Cases, c)
		}
		all.Tests, all.Failures = all.Tests+one.Tests, all.Failures+one.Failures
		all.Suites = append(all.Suites, one)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}
