package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newPrune(a *app) *cobra.Command {
	f := &lifeFlags{}
	var keep int
	c := &cobra.Command{
		Use:   "prune --keep N [PATTERN]",
		Short: "Delete old versions",
		Long: `Delete all but the newest N versions of every secret that PATTERN matches (all
without one), oldest first. Nothing is decrypted.

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
	f.addDryRun(c, "print what would be deleted")
	return c
}

func runPrune(ctx context.Context, a *app, f *lifeFlags, args []string, keep int) error {
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	p := a.progress("prune")
	sc, err := a.scope(nil, f, p)
	if err != nil {
		return err
	}
	sc.Pattern = first(args)
	outcomes, err := st.Prune(ctx, keep, sc)
	return a.finish(p, outcomes, f.dryRun, err)
}
