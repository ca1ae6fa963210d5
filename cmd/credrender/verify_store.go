package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

func newVerifyStore(a *app) *cobra.Command {
	f := &bulkFlags{}
	var o resultFlags
	c := &cobra.Command{
		Use:   "verify-store [REF] [KEY=VALUE]...",
		Short: "Open every stored version and report problems",
		Long: `Open every version of the secrets that the pattern REF matches (default: all) and
report those that are damaged, do not open with their context, are hidden, or cannot be
read by credstash, gcredstash, unicreds or nodecredstash. No value is shown and nothing
is changed. Without findings nothing is printed.

Exit code 1: an item is damaged, or hidden by an older version, so that readers get
the older value. 3: an item does not open. 0: no findings, or notes only.`,
		Example: "  credrender verify-store --context-map contexts.yaml -o json",
		RunE:    func(c *cobra.Command, args []string) error { return runVerifyStore(c.Context(), a, f, args, o) },
	}
	f.register(c)
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "check only the form of items, without KMS")
	o.register(c, "text|json")
	return c
}

// noteTexts explain the notes, with a command that fixes each.
var noteTexts = map[store.Note]string{
	store.NoteUnpadded: "not padded: it hides later versions, and put fails; 'credrender migrate' pads it",
	store.NoteHidden:   "hidden: a version with a lower number sorts after it, and readers get that one; 'credrender migrate' pads versions",
	store.NoteNotInt:   "the newest version is not a number: put needs --version",
	store.NoteNonce:    "its format does not authenticate the nonce: a writer of the table can turn the value into noise without any reader noticing; 'credrender migrate --item-format credstash' stores it in a format that does",
	store.NoteNoise:    "its value is not text: it is binary, or its nonce was changed; check it before migrate, which keeps the value as it is",
	store.NoteCTR32LE:  "probably damaged by rucredstash from byte 16 on; 'credrender migrate --rescue-ctr32le' repairs it",
}

// finding is one version with an error or notes, as verify-store -o json prints it.
type finding struct {
	Name         string                    `json:"name" doc:"name of the secret"`
	Version      string                    `json:"version" doc:"the version"`
	Error        string                    `json:"error,omitempty" doc:"why it does not open"`
	Notes        []string                  `json:"notes,omitempty" doc:"unpadded, hidden, not-int, foreign, ctr32le, nonce or noise"`
	UnreadableBy map[credstash.Peer]string `json:"unreadable_by,omitempty" doc:"other programs, each with what it cannot read"`
}

func runVerifyStore(ctx context.Context, a *app, f *bulkFlags, args []string, o resultFlags) error {
	s, st, err := a.openScope(ctx, "verify-store", args, f)
	if err != nil {
		return err
	}
	verdicts, err := st.Verify(ctx, s.Scope)
	s.progress.end()
	if err = s.matched(err); err != nil {
		return err
	}
	var failed []*source.RefError
	hidden := 0
	findings := []finding{}
	for _, v := range verdicts {
		if v.Err == nil && len(v.Notes) == 0 && len(v.Unreadable) == 0 {
			continue
		}
		one := finding{Name: v.Name, Version: v.Version, UnreadableBy: v.Unreadable}
		slices.Sort(v.Notes)
		for _, n := range v.Notes {
			one.Notes = append(one.Notes, string(n))
			if n == store.NoteHidden {
				hidden++
			}
		}
		if v.Err != nil {
			one.Error = v.Err.Error()
			failed = append(failed, &source.RefError{Ref: s.One(v.Name, v.Version), Err: v.Err})
		}
		findings = append(findings, one)
	}
	if err := printFindings(a, findings, o); err != nil {
		return err
	}
	var many error
	if len(failed) > 0 {
		many = countFailed(len(verdicts), "versions have errors", failed)
	}
	if hidden > 0 {
		a.fail(fmt.Errorf("hidden: %s; readers get an older value", count(hidden, "version")))
	}
	return many
}

func printFindings(a *app, findings []finding, o resultFlags) error {
	t := table{columns: []string{"NAME", "VERSION", "PROBLEM"}}
	for _, f := range findings {
		for _, text := range f.problems() {
			t.add(source.Show(f.Name), source.Show(f.Version), text)
		}
	}
	return a.printResult(o, findings, t)
}

// problems returns one line for each problem of a version.
func (f *finding) problems() (lines []string) {
	if f.Error != "" {
		lines = append(lines, f.Error)
	}
	for _, n := range f.Notes {
		if text := noteTexts[store.Note(n)]; text != "" { // NoteForeign is among the next
			lines = append(lines, text)
		}
	}
	return append(lines, unreadableTexts(f.UnreadableBy)...)
}

// unreadableTexts returns one text for each part of an item that other programs cannot
// read, with these programs.
func unreadableTexts(by map[credstash.Peer]string) (texts []string) {
	peers := map[string][]string{}
	for _, p := range credstash.Peers() {
		if why := by[p]; why != "" {
			peers[why] = append(peers[why], string(p))
		}
	}
	for _, why := range slices.Sorted(maps.Keys(peers)) {
		text := "not readable for " + strings.Join(peers[why], ", ") + ": " + why
		if !strings.HasPrefix(why, "binary") {
			text += "; 'credrender migrate --for " + peers[why][0] + "' fixes this"
		}
		texts = append(texts, text)
	}
	return texts
}
