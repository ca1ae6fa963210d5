package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
)

func newList(a *app) *cobra.Command {
	var output string
	var newest bool
	c := &cobra.Command{
		Use:   "list [PATTERN]",
		Short: "List names and versions",
		Long: `List every stored version of the names that PATTERN matches, where * matches any
characters, the name first and the version last. With --newest, list only the version
that readers get. Nothing is decrypted. PATTERN may be a REF of another source:
'ssm:/app/*' lists Parameter Store and 'sm:app/*' Secrets Manager, the newest version of
each name, and 's3://bucket/*' the keys in S3, without versions. A pattern that matches nothing is a warning.`,
		Example: "  credrender list 'web.*'",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runList(c.Context(), a, args, output, newest) },
	}
	c.Flags().BoolVar(&newest, "newest", false, "list only the newest version of each name")
	outputFlag(c, &output, "text|json", "text")
	return c
}

func runList(ctx context.Context, a *app, args []string, output string, newest bool) error {
	entries, err := a.list(ctx, args)
	if err != nil {
		return err
	}
	if newest {
		entries = newestEntries(entries)
	}
	if output == "json" {
		return a.printJSON(entries)
	}
	return a.printTable(listRows(entries))
}

// listRows returns the name first and the version last, if lists of the source have
// versions. Comments stand between them, if there are any.
func listRows(entries []source.Entry) []string {
	comments := slices.ContainsFunc(entries, func(e source.Entry) bool { return e.Comment != "" })
	rows := make([]string, len(entries))
	for i, e := range entries {
		rows[i] = source.Show(e.Name)
		if comments {
			rows[i] += "\t" + shown(e.Comment)
		}
		if e.Version != "" {
			rows[i] += "\t" + source.Show(e.Version)
		}
	}
	return rows
}

// newestEntries keeps the last entry of each name. Entries are sorted by name, then
// version in the order in which readers see them.
func newestEntries(entries []source.Entry) []source.Entry {
	last := entries[:0:0]
	for i, e := range entries {
		if i == len(entries)-1 || entries[i+1].Name != e.Name {
			last = append(last, e)
		}
	}
	return last
}

// list returns the entries that a pattern matches, or all of the store.
func (a *app) list(ctx context.Context, args []string) ([]source.Entry, error) {
	cfg, err := a.storeConfig(ctx)
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

// nothing returns the warning for a pattern or a store without secrets.
func nothing(t *backend.Target) string {
	if t.Text() == "" {
		return "the store holds no secrets"
	}
	return source.Show(t.Text()) + ": no name matches"
}
