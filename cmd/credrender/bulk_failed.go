package main

import (
	"fmt"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// manyError is the failure of some of many secrets. Its hint differs from the hint
// for one secret.
type manyError struct {
	text    string
	failed  []*source.RefError
	partial bool // the command has a --partial flag, which was not given
}

func (e *manyError) Error() string { return e.text }

func (e *manyError) Unwrap() error { return &template.SecretsError{Failures: e.failed} }

// groupFrom is the number of failures with one cause that are told as a group, and
// groupShown the number of its members that are named.
const (
	groupFrom  = 6
	groupShown = 3
)

// manyFailed returns an error with the count of failures, then the causes: each with its
// secret, or with some of its secrets if many have failed alike.
func manyFailed(all int, what string, failed []*source.RefError) *manyError {
	return &manyError{text: failedOf(len(failed), all, what) + ":\n" + strings.Join(causes(failed), "\n"), failed: failed}
}

// countFailed is manyFailed for a command that has printed the causes as its result.
func countFailed(all int, what string, failed []*source.RefError) *manyError {
	return &manyError{text: failedOf(len(failed), all, what), failed: failed}
}

func failedOf(n, all int, what string) string {
	return thousands(n) + " of " + thousands(all) + " " + what
}

// causes returns one line for each failure, or for each group of equal ones.
func causes(failed []*source.RefError) (lines []string) {
	groups := map[string][]source.Ref{}
	for _, f := range failed {
		groups[f.Err.Error()] = append(groups[f.Err.Error()], f.Ref)
	}
	for _, f := range failed {
		cause := f.Err.Error()
		group := groups[cause]
		switch {
		case len(group) < groupFrom:
			lines = append(lines, f.Error())
		case f.Ref == group[0]:
			var names []string
			for _, r := range group[:groupShown] {
				names = append(names, r.String())
			}
			lines = append(lines, fmt.Sprintf("%s, and %s more: %s", strings.Join(names, ", "), thousands(len(group)-groupShown), cause))
		}
	}
	return lines
}
