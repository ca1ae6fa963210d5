package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

func newDelete(a *app) *cobra.Command {
	var version string
	var dryRun bool
	c := &cobra.Command{
		Use:   "delete REF",
		Short: "Delete all versions of a secret, or one",
		Long: `Delete every version of a secret, or with --version one version. Rendered files
and backups of the table keep the value.`,
		Example: "  credrender delete db.password -v 7",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runDelete(c.Context(), a, args[0], version, dryRun)
		},
	}
	c.Flags().StringVarP(&version, "version", "v", "", "`VERSION` to delete (default: all)")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "delete nothing, print what would be deleted")
	return c
}

func runDelete(ctx context.Context, a *app, ref, version string, dryRun bool) error {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.bare(cfg, "delete", ref, version)
	if err != nil {
		return err
	}
	if t.IsFolder() {
		return a.deleteObject(ctx, t, version, dryRun)
	}
	st, name, err := t.Items(ctx, "delete")
	if err != nil {
		return err
	}
	if dryRun {
		stored, err := st.Deletable(ctx, name, version)
		if err != nil {
			return t.Fault(err)
		}
		return a.printPlanned(outcomesOf(stored, store.Deleted))
	}
	gone, err := st.Delete(ctx, name, version)
	for _, e := range gone {
		one := t.One(e.Name, e.Version)
		a.log.Info(fmt.Sprintf("deleted %s", one), "name", e.Name, "version", e.Version)
	}
	return t.Fault(err)
}

func outcomesOf(entries []source.Entry, action store.Action) []store.Outcome {
	all := make([]store.Outcome, len(entries))
	for i, e := range entries {
		all[i] = store.Outcome{Name: e.Name, Version: e.Version, Action: action}
	}
	return all
}

func (a *app) deleteObject(ctx context.Context, t *backend.Target, version string, dryRun bool) error {
	if version != "" {
		return usagef("--version does not apply to a store in S3: the bucket manages versions of objects")
	}
	f, ref, err := t.Folder(ctx, "delete")
	if err != nil {
		return err
	}
	if dryRun {
		if got := f.Fetch(ctx, []source.Ref{ref})[ref]; errors.Is(got.Err, source.ErrNotFound) {
			return t.Fault(got.Err)
		}
		return a.printPlanned([]store.Outcome{{Name: ref.Name, Action: store.Deleted}})
	}
	if err := f.Delete(ctx, ref.Name); err != nil {
		return t.Fault(err)
	}
	a.log.Info(fmt.Sprintf("deleted %s", t), "name", ref.Name)
	return nil
}
