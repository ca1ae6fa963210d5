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
	lifeFlags
	to       []string
	newLocal bool
}

func newRekey(a *app) *cobra.Command {
	o := &rekeyOptions{}
	c := &cobra.Command{
		Use:   "rekey [REF] [KEY=VALUE]...",
		Short: "Wrap data keys under another key or context",
		Long: `Wrap the data keys of all versions that the pattern REF matches (all without one)
under the KMS key that --key names, and with --to-context in another encryption
context. KMS does it (ReEncrypt): no value and no data key is seen, contents are
not touched, versions stay. KEY=VALUE and --context-map say the contexts that
secrets have now.

Each version changes in one conditional write, so a run that was killed leaves
every secret readable, and the next one does what is left. All is done when it
says nothing. Until then the old key and the rights to it have to stay; after
that old backups of the table still need it.

With --store local, --new-local-key makes the new key, in the key file beside
the old one, which gets a file of its own when nothing here is left under it.`,
		Example: `  credrender rekey --key alias/new env=prod
  credrender rekey 'web.*' env=prod --to-context env=prod --to-context app=web`,
		RunE: func(c *cobra.Command, args []string) error { return runRekey(c.Context(), a, o, args) },
	}
	o.addContextMap(c)
	o.addAllowNoMatch(c)
	c.Flags().StringArrayVar(&o.to, "to-context", nil, toContextHelp)
	c.Flags().BoolVar(&o.newLocal, "new-local-key", false, "give a local store another key")
	o.addDryRun(c, "ask KMS, write nothing, print what would change")
	return c
}

func runRekey(ctx context.Context, a *app, o *rekeyOptions, args []string) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	p := a.progress("rekey")
	s, err := a.scope(cfg, args, &o.lifeFlags, p)
	if err != nil {
		return err
	}
	st, err := s.items(ctx, "rekey")
	if err != nil {
		return err
	}
	r := store.RekeyRequest{Scope: s.Scope}
	if r.To, err = toContext(o.to); err != nil {
		return err
	}
	if s.Place().Kind == backend.Local {
		return rekeyLocal(ctx, a, o, s, st, r, p)
	}
	if o.newLocal {
		return usagef("--new-local-key is for --store local; --key names the KMS key")
	}
	outcomes, err := st.Rekey(ctx, r)
	return a.finish(p, s, outcomes, err)
}

// rekeyLocal goes by the steps that package local lists. The key comes first,
// since the store reads the key file at its first use.
func rekeyLocal(ctx context.Context, a *app, o *rekeyOptions, s *scoped, st *store.Store, r store.RekeyRequest, p *progress) error {
	keys := local.New(backend.LocalOptions(s.Place()))
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
	if o.newLocal && o.dryRun { // the key is not there, so that none seems to be due
		for i := range outcomes {
			outcomes[i].Action = store.Rekeyed
		}
	}
	if err := a.finish(p, s, outcomes, err); err != nil || o.dryRun {
		return err
	}
	left, kept, err := keys.DropOldKeys(ctx)
	for _, path := range kept {
		a.log.Info(fmt.Sprintf("the old key is in %s now: backups may need it, and other stores with this key file; remove it when none does", path))
	}
	if err == nil && left > 0 {
		a.log.Warn(fmt.Sprintf("%s still under the old key, which stays in %s: run 'credrender rekey' without a pattern",
			isAre(left, "version"), s.Place().LocalKey))
	}
	return err
}

func isAre(n int, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return count(n, what) + " are"
}
