package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/source"
)

type copyOptions struct {
	version, comment, tier string
	to, toContext          []string
	ifAbsent, dryRun       bool
	force                  bool
	literal                []string
}

func newCopy(a *app) *cobra.Command {
	o := &copyOptions{}
	c := &cobra.Command{
		Use:   "copy REF NEW_REF [KEY=VALUE]...",
		Short: "Copy a secret to another name, context, table, account or source",
		Long: `Store the value of one secret as the next version of another. KEY=VALUE pairs are
the context of the first one. The copy has the same context, or that of --to-context,
or that of its REF; a source without contexts has none.

Both REFs may be in any source. --to states in what the store of the copy differs from
the configured one, as in --to table=other or --to profile=other-account.

If the newest version of the copy has the same value already, nothing is stored.
'credrender export --to' copies many secrets, with their versions.`,
		Example: `  credrender copy db.password app.db.password env=prod
  credrender copy db.password db.password env=prod --to-context env=staging
  credrender copy db.password ssm:/app/prod/db env=prod
  credrender copy db.password db.password env=prod --to profile=audit --to region=us-east-1`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return runCopy(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	fl.StringVarP(&o.version, "version", "v", "", "`VERSION` to copy (default: the newest)")
	fl.StringVar(&o.comment, "comment", "", "`TEXT` stored with the copy, in clear text")
	fl.StringArrayVar(&o.to, "to", nil, "`SETTING=VALUE` of the copy's store, such as table=other (repeatable)")
	fl.StringArrayVar(&o.toContext, "to-context", nil, "`KEY=VALUE` of the copy's context (repeatable), or none")
	fl.BoolVar(&o.ifAbsent, "if-absent", false, "copy only if there is no secret of the new name; else exit code 1")
	fl.BoolVar(&o.dryRun, "dry-run", false, "read the secret and store nothing, print what would be stored")
	tierFlag(c, &o.tier)
	fl.BoolVar(&o.force, "force", false, "write a secret that AWS manages or rotates, or to a bucket without versions")
	contextFlag(c, &o.literal)
	return c
}

func runCopy(ctx context.Context, a *app, o *copyOptions, args []string) error {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	from, err := a.target(cfg, args[0], o.version, args[2:], o.literal)
	if err != nil {
		return err
	}
	to, err := a.copyTarget(ctx, cfg, o, from, args[1])
	if err != nil {
		return err
	}
	writer, ref, err := to.Writer(ctx, "copy")
	if err != nil {
		return err
	}
	value, err := from.Get(ctx)
	if err != nil {
		return err
	}
	if o.dryRun {
		return printf(a.stdout, "copy  %s  ->  %s\n", from, to)
	}
	stored, err := writer.Put(ctx, ref, source.Write{Value: value, Comment: o.comment, IfChanged: !o.ifAbsent, IfAbsent: o.ifAbsent, Tier: o.tier, Force: o.force})
	if err != nil {
		return to.Fault(err)
	}
	if stored.Changed {
		a.log.Info(fmt.Sprintf("copied %s to %s", from, to.At(stored.Version)), "name", ref.Name, "version", stored.Version)
	}
	return nil
}

// copyTarget returns the target of the copy, with its context.
func (a *app) copyTarget(ctx context.Context, cfg *config.Config, o *copyOptions, from *backend.Target, word string) (*backend.Target, error) {
	there := *cfg
	if len(o.to) > 0 {
		where, err := a.otherStore(ctx, "to", o.to)
		if err != nil {
			return nil, err
		}
		there.Base.Store = where
	}
	given, err := toContext(o.toContext)
	if err != nil {
		return nil, err
	}
	plain, err := backend.ParseRef(there.Base.Store, word, "", nil)
	if err != nil {
		return nil, err
	}
	if given != nil && !plain.Context().IsZero() {
		return nil, usagef("copy: --to-context and the context of %s: give one of them", plain)
	}
	t, err := a.stores.Target(there.Base.Store, plain)
	if err != nil {
		return nil, err
	}
	pairs := from.Context().Map()
	switch {
	case given != nil:
		pairs = given.Map()
	case !plain.Context().IsZero(), !t.TakesContext():
		pairs = nil
	}
	full, err := backend.ParseRef(there.Base.Store, word, "", pairs)
	if err != nil {
		return nil, err
	}
	if t, err = a.stores.Target(there.Base.Store, full); err != nil {
		return nil, err
	}
	if sameStore(t.Store(), from.Store()) && t.Text() == from.Text() && t.Context() == from.Context() && o.version == "" {
		return nil, usagef("copy: both are the same secret, %s: give another name, context or store", t)
	}
	return t, nil
}
