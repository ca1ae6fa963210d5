package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
)

func newPrune(a *app) *cobra.Command {
	f := &bulkFlags{}
	var keep int
	c := &cobra.Command{
		Use:   "prune --keep N [REF]",
		Short: "Delete old versions",
		Long: `Delete all but the newest N versions of every secret that the pattern REF matches
(all without one), oldest first. Nothing is decrypted.

A secret with unpadded versions is refused until 'credrender migrate' has run:
which of its values is the newest cannot be told from their order.`,
		Example: "  credrender prune --keep 5 'web.*' --dry-run",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if keep < 1 {
				return usagef("--keep N says how many versions stay, at least 1")
			}
			return runPrune(c.Context(), a, f, args, keep)
		},
	}
	c.Flags().IntVar(&keep, "keep", 0, "`N` versions that stay of each secret")
	f.addAllowNoMatch(c)
	f.addDryRun(c, "print what would be deleted")
	return c
}

func runPrune(ctx context.Context, a *app, f *bulkFlags, args []string, keep int) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		if _, err := a.bare(cfg, "prune", args[0], ""); err != nil {
			return err
		}
		if !isRef(args[0]) {
			return usagef("%s: prune takes no context", source.Show(args[0]))
		}
	}
	p := a.progress("prune")
	s, err := a.scope(cfg, args, f, p)
	if err != nil {
		return err
	}
	st, err := s.items(ctx, "prune")
	if err != nil {
		return err
	}
	outcomes, err := st.Prune(ctx, keep, s.Scope)
	return a.finish(p, s, outcomes, err)
}
