package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

func newDelete(a *app) *cobra.Command {
	var version string
	var d source.Deletion
	var yes bool
	var planned resultFlags
	c := &cobra.Command{
		Use:   "delete REF",
		Short: "Delete all versions of a secret, or one",
		Long: `Delete every version of a secret, or with --version one version. Rendered files
and backups of the table keep the value.

On a terminal, delete asks first unless --yes is given. --dry-run prints what would be
deleted.

Secrets Manager keeps a deleted secret for its recovery window of 30 days. A bucket with
versions keeps the versions of a deleted object.`,
		Example: "  credrender delete db.password -v 7",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runDelete(c.Context(), a, args[0], version, d, yes, planned)
		},
	}
	c.Flags().StringVarP(&version, "version", "v", "", "`VERSION` to delete (default: all)")
	dryRunFlag(c, &d.DryRun, &planned, "delete nothing, print what would be deleted")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "on a terminal, delete without asking")
	c.Flags().BoolVar(&d.Force, "force", false, "delete a secret that AWS manages or rotates, or from a bucket without versions")
	return c
}

func runDelete(ctx context.Context, a *app, ref, version string, d source.Deletion, yes bool, planned resultFlags) error {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.bare(cfg, "delete", ref, version)
	if err != nil {
		return err
	}
	writer, secret, err := t.Writer(ctx, "delete")
	if err != nil {
		return err
	}
	if !d.DryRun && !yes && a.atTerminal(a.stdin) {
		would, err := writer.Delete(ctx, secret, source.Deletion{DryRun: true, Force: d.Force})
		if err != nil {
			return t.Fault(err)
		}
		if err := a.confirm(ctx, deleteQuestion(t, version, would.Versions)); err != nil {
			return fmt.Errorf("delete %s: %w", t, err)
		}
	}
	gone, err := writer.Delete(ctx, secret, d)
	if d.DryRun && err == nil {
		return a.printPlanned(deletions(secret.Name, gone.Versions), planned)
	}
	for _, v := range gone.Versions {
		a.log.Info("deleted "+t.At(v)+recoverable(secret, gone.Until), "name", secret.Name, "version", v)
	}
	return t.Fault(err)
}

// deleteQuestion states what is to be deleted: one version, or all of them.
func deleteQuestion(t *backend.Target, version string, versions []string) string {
	switch {
	case version != "":
		return "Delete " + t.At(versions[0]) + "?"
	case len(versions) == 1 && versions[0] == "":
		return "Delete " + t.String() + "?"
	}
	return "Delete " + t.String() + ", " + count(len(versions), "version") + "?"
}

// recoverable returns how to get a deleted secret back, if AWS keeps it for a time.
func recoverable(ref source.Ref, until time.Time) string {
	if until.IsZero() {
		return ""
	}
	id, _, _ := strings.Cut(ref.Name, "#")
	return fmt.Sprintf(" on %s; until then 'aws secretsmanager restore-secret --secret-id %s' restores it", until.UTC().Format(time.DateOnly), source.Show(id))
}

// deletions are the planned deletions of versions.
func deletions(name string, versions []string) []store.Outcome {
	all := make([]store.Outcome, len(versions))
	for i, v := range versions {
		all[i] = store.Outcome{Name: name, Version: v, Action: store.Deleted}
	}
	return all
}
