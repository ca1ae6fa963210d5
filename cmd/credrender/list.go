package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
)

func newList(a *app) *cobra.Command {
	var o resultFlags
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
		RunE:    func(c *cobra.Command, args []string) error { return runList(c.Context(), a, args, o, newest) },
	}
	c.Flags().BoolVar(&newest, "newest", false, "list only the newest version of each name")
	o.register(c, "text|json")
	return c
}

func runList(ctx context.Context, a *app, args []string, o resultFlags, newest bool) error {
	entries, err := a.list(ctx, args)
	if err != nil {
		return err
	}
	if newest {
		entries = newestEntries(entries)
	}
	list := make([]listEntry, len(entries))
	t := table{columns: []string{"NAME", "COMMENT", "VERSION"}} // the name first, the version last
	for i, e := range entries {
		list[i] = listEntry(e)
		t.add(source.Show(e.Name), shown(e.Comment), shown(e.Version))
	}
	return a.printResult(o, list, t)
}

// listEntry is a version, as list -o json prints it.
type listEntry struct {
	Name    string `json:"name" doc:"name of the secret"`
	Version string `json:"version,omitempty" doc:"the version; lists of S3 have none"`
	Comment string `json:"comment,omitempty" doc:"the comment"`
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
		return "the store contains no secrets"
	}
	return source.Show(t.Text()) + ": no name matches"
}
