package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
)

func newHistory(a *app) *cobra.Command {
	var o resultFlags
	c := &cobra.Command{
		Use:   "history REF",
		Short: "List the versions of a secret",
		Long: `List the stored versions of one secret, oldest first, with what the source knows
about them: when they were made, by whom, their comments and labels. A column that it
knows nothing about is left out. Tables keep neither dates nor authors. Nothing is
decrypted.

'credrender get REF -v N' prints a version, 'credrender rollback REF --to N' makes its
value the newest again.`,
		Example: `  credrender history db.password
  credrender history ssm:/app/prod/password -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runHistory(c.Context(), a, args[0], o) },
	}
	o.register(c, "text|json")
	return c
}

func runHistory(ctx context.Context, a *app, ref string, o resultFlags) error {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.bare(cfg, "history", ref, "")
	if err != nil {
		return err
	}
	reader, secret, err := t.History(ctx, "history")
	if err != nil {
		return err
	}
	versions, err := reader.History(ctx, secret)
	if err != nil {
		return t.Fault(err)
	}
	list := make([]historyLine, len(versions))
	table := table{columns: []string{"VERSION", "CREATED", "AUTHOR", "LABELS", "COMMENT"}}
	for i, v := range versions {
		list[i] = historyLine{v.Version, created(v), v.Author, v.Labels, v.Comment}
		table.add(source.Show(v.Version), created(v), shown(v.Author), shown(strings.Join(v.Labels, ",")), shown(v.Comment))
	}
	return a.printResult(o, list, table)
}

// historyLine is a version of history -o json.
type historyLine struct {
	Version string   `json:"version" doc:"the version"`
	Created string   `json:"created,omitempty" doc:"when it was made, RFC 3339 in UTC"`
	Author  string   `json:"author,omitempty" doc:"who made it"`
	Labels  []string `json:"labels,omitempty" doc:"labels or staging labels"`
	Comment string   `json:"comment,omitempty" doc:"the comment"`
}

func created(v source.VersionInfo) string {
	if v.Created.IsZero() {
		return ""
	}
	return v.Created.UTC().Format(time.RFC3339)
}

// shown is source.Show for a cell that may be empty.
func shown(s string) string {
	if s == "" {
		return ""
	}
	return source.Show(s)
}
