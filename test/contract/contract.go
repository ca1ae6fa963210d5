// Package contract tests the behavior of DynamoDB and KMS that credrender relies on. Its cases
// run through the real SDK against any server that claims to be AWS.
//
// "go test" runs them against awsfake, which passes all. "make interop" runs them against
// other people's emulators. Where an emulator differs, the case names it and must fail there,
// so that the list in docs/dev/testing.md ([Table]) stays true. Where awsfake and an emulator
// disagreed, AWS's documentation decided.
//
// contract.go runs the cases, and world.go has their helpers. The cases are in limits.go,
// reading.go and writing.go (DynamoDB), and in crypt.go, keys.go and grants.go (KMS).
package contract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The referees that [Case.Differs] names.
const (
	Moto          = "moto"
	Dynalite      = "dynalite"
	DynamoDBLocal = "DynamoDB Local"
)

// Stand is something that says it is AWS, or AWS.
type Stand struct {
	Name string
	// DynamoDB, KMS and STS are endpoints; "" where it has not this service.
	DynamoDB, KMS, STS string
	// Config is the SDK's, with credentials that may do everything and a region.
	Config aws.Config
}

// Case is one named behaviour.
type Case struct {
	Service string // "DynamoDB" or "KMS"
	Name    string // completes "AWS ..."
	Source  string // where AWS, or who measured it, says so
	// Differs tells what else a referee does.
	Differs map[string]string

	check func(*world)
}

// Cases returns all cases, in the order of the table.
func Cases() []Case {
	return slices.Concat(limitCases(), readingCases(), writingCases(), cryptCases(), keyCases(), grantCases())
}

// Run runs every case of the services that s has, each as a subtest. A case
// fails where s does not behave, or behaves although it is listed as different.
func Run(t *testing.T, s Stand) {
	t.Helper()
	for _, c := range Cases() {
		if c.Service == serviceDynamoDB && s.DynamoDB == "" || c.Service == serviceKMS && s.KMS == "" {
			continue
		}
		t.Run(c.Service+"/"+c.Name, func(t *testing.T) {
			err := c.run(t.Context(), s)
			known, differs := c.Differs[s.Name]
			switch {
			case err != nil && !differs:
				t.Errorf("%s: %v (%s)", s.Name, err, c.Source)
			case err != nil:
				t.Logf("%s: known to differ (%s): %v", s.Name, known, err)
			case differs:
				t.Errorf("%s behaves as AWS now: take it off the list (%s)", s.Name, known)
			}
		})
	}
}

const (
	serviceDynamoDB = "DynamoDB"
	serviceKMS      = "KMS"
)

// gaveUp is what world.fail panics with, so that cases read as a list of steps.
type gaveUp struct{ err error }

func (c Case) run(ctx context.Context, s Stand) (err error) {
	defer func() {
		if r := recover(); r != nil {
			up, ok := r.(gaveUp)
			if !ok {
				panic(r)
			}
			err = up.err
		}
	}()
	w := newWorld(ctx, s)
	c.check(w)
	return errors.Join(w.errs...)
}

// Table returns the cases against awsfake and the referees, in Markdown.
func Table() string {
	referees := []string{Moto, Dynalite, DynamoDBLocal}
	var b strings.Builder
	fmt.Fprintf(&b, "| | AWS | awsfake | %s |\n|---|---|---|%s\n", strings.Join(referees, " | "), strings.Repeat("---|", len(referees)))
	for _, c := range Cases() {
		fmt.Fprintf(&b, "| %s | %s | yes |", c.Service, c.Name)
		for _, r := range referees {
			switch words, differs := c.Differs[r]; {
			case differs:
				fmt.Fprintf(&b, " **no**: %s |", words)
			case c.Service == serviceKMS && (r == Dynalite || r == DynamoDBLocal):
				b.WriteString(" |")
			default:
				b.WriteString(" yes |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
