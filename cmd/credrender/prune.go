package main

import (
	"context"
	"errors"
	"strconv"

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
(default: all), oldest first. Nothing is decrypted.

A secret with unpadded versions is an error until 'credrender migrate' has run: the
order of its versions does not show which one is the newest.`,
		Example: "  credrender prune --keep 5 'web.*' --dry-run",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if keep < 1 {
				if !c.Flags().Changed("keep") {
					return usagef("prune: --keep N is missing: the number of versions to keep of each secret")
				}
				return usagef("--keep N must be at least 1: the number of versions to keep of each secret")
			}
			return runPrune(c.Context(), a, f, args, keep)
		},
	}
	c.Flags().Func("keep", "keep the newest `N` versions of each secret", func(text string) error {
		n, err := strconv.ParseUint(text, 10, 31) // pflag's own takes 010 for 8
		if err != nil {
			return errors.New("it is not a whole number")
		}
		keep = int(n)
		return nil
	})
	allowNoMatchFlag(c, &f.allowNoMatch)
	f.registerDryRun(c, "delete nothing, print what would be deleted")
	return c
}

func runPrune(ctx context.Context, a *app, f *bulkFlags, args []string, keep int) error {
	cfg, err := a.storeConfig(ctx)
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
	s, st, err := a.openScopeIn(ctx, cfg, "prune", args, f)
	if err != nil {
		return err
	}
	outcomes, err := st.Prune(ctx, keep, s.Scope)
	return a.finish(s, outcomes, err)
}
