package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

func newVerifyStore(a *app) *cobra.Command {
	f := &lifeFlags{}
	var output string
	c := &cobra.Command{
		Use:   "verify-store [REF] [KEY=VALUE]...",
		Short: "Open every stored version and report what is wrong",
		Long: `Open every version of the secrets that the pattern REF matches (all without one) and
report those that are damaged, do not open with their context, or hide
others. No value is shown and nothing is changed; a store in order prints
nothing. Exit code 1: an item is damaged, or hidden by an older version, so that
readers get the older value; 3: one does not open; 0: there are only other notes.`,
		Example: "  credrender verify-store --context-map contexts.yaml -o json",
		RunE:    func(c *cobra.Command, args []string) error { return runVerifyStore(c.Context(), a, f, args, output) },
	}
	f.addContextMap(c)
	f.addAllowNoMatch(c)
	f.addDryRun(c, "look at the form of items alone: no KMS")
	outputFlag(c, &output, "text|json", "text")
	return c
}

// noteTexts say what a note means, and what to do.
var noteTexts = map[store.Note]string{
	store.NoteUnpadded: "not padded: it hides later versions, and put refuses; 'credrender migrate' pads it",
	store.NoteHidden:   "hidden: a version of a lower number sorts after it, and readers get that one; 'credrender migrate' pads versions",
	store.NoteNotInt:   "the newest version is no number: put needs --version",
	store.NoteForeign:  "in a form that credstash cannot read; 'credrender migrate --item-format credstash' converts it",
	store.NoteNonce:    "its format does not authenticate the nonce: whoever can write the table can turn the value into noise, and no reader notices; 'credrender migrate --item-format credstash' puts it again in one that does",
	store.NoteNoise:    "its value is not text: it is binary, or its nonce was changed; look at it before migrate, which keeps what it opens to",
	store.NoteCTR32LE:  "damaged by rucredstash from byte 16 on, it seems; 'credrender migrate --rescue-ctr32le' repairs it",
}

// finding is a line of the report.
type finding struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Error   string   `json:"error,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

func runVerifyStore(ctx context.Context, a *app, f *lifeFlags, args []string, output string) error {
	if output != "text" && output != "json" {
		return usagef("--output %q is not text or json", output)
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	p := a.progress("verify-store")
	s, err := a.scope(cfg, args, f, p)
	if err != nil {
		return err
	}
	st, err := s.items(ctx, "verify-store")
	if err != nil {
		return err
	}
	verdicts, err := st.Verify(ctx, s.Scope)
	p.end()
	if err = s.matched(err); err != nil {
		return err
	}
	var failed []*source.RefError
	hidden := 0
	findings := []finding{}
	for _, v := range verdicts {
		if v.Err == nil && len(v.Notes) == 0 {
			continue
		}
		one := finding{Name: v.Name, Version: v.Version}
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
	if err := printFindings(a, findings, output); err != nil {
		return err
	}
	var many error
	if len(failed) > 0 {
		many = manyFailed(len(verdicts), "versions are not sound", failed)
	}
	if hidden > 0 {
		a.fail(fmt.Errorf("%s hidden: readers get an older value", isAre(hidden, "version")))
	}
	return many
}

func printFindings(a *app, findings []finding, output string) error {
	if output == "json" {
		return printJSON(a, findings)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		row := source.Show(f.Name) + "\t" + source.Show(f.Version) + "\t"
		if f.Error != "" {
			_, _ = fmt.Fprintln(w, row+f.Error)
		}
		for _, n := range f.Notes {
			_, _ = fmt.Fprintln(w, row+noteTexts[store.Note(n)])
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
