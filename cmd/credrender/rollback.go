package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
)

type rollbackOptions struct {
	to, comment string
	force       bool
	literal     []string
}

func newRollback(a *app) *cobra.Command {
	o := &rollbackOptions{}
	c := &cobra.Command{
		Use:   "rollback REF --to VERSION [KEY=VALUE]...",
		Short: "Store the value of an old version as the newest",
		Long: `Store the value of an old version as a new version. Versions that followed it stay.
If another writer stores a version meanwhile, nothing is stored, and the exit code is
1. If the newest version has the old value already, nothing is stored.

A value that was revoked where it is used does not work again: rolling back changes
only what is stored.`,
		Example: `  credrender history db.password
  credrender rollback db.password --to 7 env=prod`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runRollback(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	fl.StringVar(&o.to, "to", "", "`VERSION` whose value becomes the newest")
	fl.StringVar(&o.comment, "comment", "", "`TEXT` stored with the value, in clear text (default: the version rolled back to)")
	fl.BoolVar(&o.force, "force", false, "write a secret that AWS manages or rotates, or to a bucket without versions")
	contextFlag(c, &o.literal)
	return c
}

func runRollback(ctx context.Context, a *app, o *rollbackOptions, args []string) error {
	if o.to == "" {
		return usagef("rollback: --to VERSION is missing: 'credrender history %s' shows the versions", source.Show(args[0]))
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.target(cfg, args[0], "", args[1:], o.literal)
	if err != nil {
		return err
	}
	past, err := a.target(cfg, args[0], o.to, args[1:], o.literal)
	if err != nil {
		return err
	}
	writer, ref, err := t.Writer(ctx, "rollback")
	if err != nil {
		return err
	}
	old, err := past.Fetch(ctx)
	if err != nil {
		return err
	}
	newest, err := t.Fetch(ctx)
	if err != nil {
		return err
	}
	if bytes.Equal(newest.Secret.Reveal(), old.Secret.Reveal()) {
		return nil
	}
	w := source.Write{Value: old.Secret, Comment: o.comment, Expect: newest.Trace, Force: o.force}
	if w.Comment == "" && t.HasItems() {
		w.Comment = "rolled back to version " + o.to
	}
	stored, err := writer.Put(ctx, ref, w)
	if err != nil {
		return t.Fault(err)
	}
	a.log.Info(fmt.Sprintf("stored %s, with the value of version %s", t.Bare().At(stored.Version), source.Show(o.to)), "name", ref.Name, "version", stored.Version)
	return nil
}
