package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
)

func newHistory(a *app) *cobra.Command {
	var output string
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
		RunE: func(c *cobra.Command, args []string) error { return runHistory(c.Context(), a, args[0], output) },
	}
	outputFlag(c, &output, "text|json", "text")
	return c
}

func runHistory(ctx context.Context, a *app, ref, output string) error {
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
	if output == "json" {
		return a.printJSON(historyJSON(versions))
	}
	return a.printTable(historyRows(versions))
}

// historyLine is a version of history -o json.
type historyLine struct {
	Version string   `json:"version"`
	Created string   `json:"created,omitempty"`
	Author  string   `json:"author,omitempty"`
	Labels  []string `json:"labels,omitempty"`
	Comment string   `json:"comment,omitempty"`
}

func historyJSON(infos []source.VersionInfo) []historyLine {
	list := make([]historyLine, len(infos))
	for i, v := range infos {
		list[i] = historyLine{v.Version, created(v), v.Author, v.Labels, v.Comment}
	}
	return list
}

func created(v source.VersionInfo) string {
	if v.Created.IsZero() {
		return ""
	}
	return v.Created.UTC().Format(time.RFC3339)
}

// historyRows are the rows of a table without the columns that are empty throughout.
func historyRows(infos []source.VersionInfo) []string {
	columns := []func(source.VersionInfo) string{
		func(v source.VersionInfo) string { return source.Show(v.Version) },
		created,
		func(v source.VersionInfo) string { return shown(v.Author) },
		func(v source.VersionInfo) string { return shown(strings.Join(v.Labels, ",")) },
		func(v source.VersionInfo) string { return shown(v.Comment) },
	}
	rows := make([][]string, len(infos))
	for _, column := range columns {
		known := false
		for _, v := range infos {
			known = known || column(v) != ""
		}
		for i := range infos {
			if known {
				rows[i] = append(rows[i], column(infos[i]))
			}
		}
	}
	lines := make([]string, len(rows))
	for i, cells := range rows {
		lines[i] = strings.TrimRight(strings.Join(cells, "\t"), "\t")
	}
	return lines
}

// shown is source.Show for a cell that may be empty.
func shown(s string) string {
	if s == "" {
		return ""
	}
	return source.Show(s)
}
