package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

type rekeyOptions struct {
	bulkFlags
	to       []string
	newLocal bool
}

func newRekey(a *app) *cobra.Command {
	o := &rekeyOptions{}
	c := &cobra.Command{
		Use:   "rekey [REF] [KEY=VALUE]...",
		Short: "Move secrets to another key or context",
		Long: `Encrypt the data keys of all versions that the pattern REF matches (default: all)
under the KMS key of --key, and with --to-context in another encryption context. KMS
does this with ReEncrypt: no value and no data key leaves it, and the versions stay
the same. KEY=VALUE and --context-map give the contexts that the secrets have now.

Each version changes in one conditional write. After an interruption every secret is
readable, and the next run does the rest. When a run prints nothing, all is done.
Until then keep the old key and the permissions on it. Older backups of the table
need that key even later.

With --store local, --new-local-key adds a new key to the key file. When no secret
of this store needs the old key any more, it moves to a file of its own.`,
		Example: `  credrender rekey --key alias/new env=prod
  credrender rekey 'web.*' env=prod --to-context env=prod --to-context app=web`,
		RunE: func(c *cobra.Command, args []string) error { return runRekey(c.Context(), a, o, args) },
	}
	o.register(c)
	c.Flags().StringArrayVar(&o.to, "to-context", nil, toContextHelp)
	c.Flags().BoolVar(&o.newLocal, "new-local-key", false, "create a new key for a local store")
	o.registerDryRun(c, "call KMS, but write nothing and print what would change")
	return c
}

func runRekey(ctx context.Context, a *app, o *rekeyOptions, args []string) error {
	s, st, err := a.openScope(ctx, "rekey", args, &o.bulkFlags)
	if err != nil {
		return err
	}
	r := store.RekeyRequest{Scope: s.Scope}
	if r.To, err = toContext(o.to); err != nil {
		return err
	}
	if s.Store().Kind == backend.Local {
		return rekeyLocal(ctx, a, o, s, st, r)
	}
	if o.newLocal {
		return usagef("--new-local-key is for --store local; pass a KMS key with --key")
	}
	outcomes, err := st.Rekey(ctx, r)
	return a.finish(s, outcomes, err)
}

// rekeyLocal follows the steps in the comment of package local. It makes the key
// first, because the store reads the key file when it is first used.
func rekeyLocal(ctx context.Context, a *app, o *rekeyOptions, s *scoped, st *store.Store, r store.RekeyRequest) error {
	keys := local.New(backend.LocalOptions(s.Store()))
	if o.newLocal && !o.dryRun {
		stored, err := st.List(ctx, s.Pattern)
		if err == nil && len(stored) == 0 && s.Pattern != "" {
			err = source.ErrNoMatch
		}
		if err != nil {
			return s.matched(err)
		}
		if _, err := keys.NewKey(ctx); err != nil {
			return err
		}
	}
	outcomes, err := st.Rekey(ctx, r)
	if o.newLocal && o.dryRun { // without the new key, no version seems to need it
		for i := range outcomes {
			outcomes[i].Action = store.Rekeyed
		}
	}
	if err := a.finish(s, outcomes, err); err != nil || o.dryRun {
		return err
	}
	left, kept, err := keys.DropOldKeys(ctx)
	for _, path := range kept {
		a.log.Info(fmt.Sprintf("moved the old key to %s: remove it when no backup and no other store with this key file needs it", path))
	}
	if err == nil && left > 0 {
		a.log.Warn(fmt.Sprintf("%s still under the old key, which stays in %s: run 'credrender rekey' without a pattern",
			count(left, "version"), s.Store().LocalKey))
	}
	return err
}
