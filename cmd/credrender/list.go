package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
)

func newList(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "list [PATTERN]",
		Short: "List names and versions",
		Long: `List every stored version of the names that PATTERN matches, where * stands for
any characters. It decrypts nothing. A PATTERN may be a REF of another source:
'ssm:/app/*' lists Parameter Store. Where nothing matches, standard error says so.`,
		Example: "  credrender list 'web.*'",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runList(c.Context(), a, args, output) },
	}
	outputFlag(c, &output, "text|json", "text")
	return c
}

func outputFlag(c *cobra.Command, output *string, choices, standard string) {
	c.Flags().StringVarP(output, "output", "o", standard, "format: `"+choices+"`")
}

func runList(ctx context.Context, a *app, args []string, output string) error {
	if output != "text" && output != "json" {
		return usagef("--output %q is not text or json", output)
	}
	entries, err := a.list(ctx, args)
	if err != nil {
		return err
	}
	if output == "json" {
		return printJSON(a, entries)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, e := range entries {
		row := source.Show(e.Name) + "\t" + source.Show(e.Version)
		if e.Comment != "" {
			row += "\t" + source.Show(e.Comment)
		}
		_, _ = fmt.Fprintln(w, row)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// list lists what a pattern matches, or all of the store.
func (a *app) list(ctx context.Context, args []string) ([]source.Entry, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	t, err := a.whole(cfg, source.Context{})
	if len(args) > 0 {
		t, err = a.bare(cfg, "list", args[0], "")
	}
	if err != nil {
		return nil, err
	}
	entries, err := t.List(ctx)
	if err == nil && len(entries) == 0 {
		a.log.Warn(nothing(t))
	}
	return entries, err
}

// nothing says that a pattern, or all of a store, has no secrets.
func nothing(t *backend.Target) string {
	if t.Text() == "" {
		return "the store holds no secrets"
	}
	return t.Text() + ": no name matches"
}

func printJSON(a *app, v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
