package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/store"
)

func newMigrate(a *app) *cobra.Command {
	f := &lifeFlags{}
	var rescue bool
	var format string
	c := &cobra.Command{
		Use:   "migrate [REF] [KEY=VALUE]...",
		Short: "Repair what older and other tools have left",
		Long: `Repair all versions of the secrets that the pattern REF matches (all without one):

- a version that is not padded to 19 digits (credstash before 1.13) moves to its
  padded number. Until then it hides every later version, and put refuses. Where
  that brings a hidden value to light, a warning says so;
- a digest that credstash 1.17.1 does not know is replaced: the value is put
  again with SHA256, under the same version.

Only the second needs contexts: KEY=VALUE and --context-map say them. A run that
was killed is finished by running it again.`,
		Example: `  credrender migrate --dry-run
  credrender migrate --rescue-ctr32le --context-map contexts.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			if format != "" && format != "credstash" {
				return usagef("--item-format %q is not credstash", format)
			}
			r := store.MigrateRequest{Legacy: format != "", RescueCTR32LE: rescue}
			return runMigrate(c.Context(), a, f, args, r)
		},
	}
	f.addContextMap(c)
	f.addAllowNoMatch(c)
	c.Flags().BoolVar(&rescue, "rescue-ctr32le", false, "open every value, and repair those that rucredstash 0.9.1 and later damaged")
	c.Flags().StringVar(&format, "item-format", "", "`credstash`: put items of credsmash's formats again in that one")
	f.addDryRun(c, "write nothing, print what would change")
	return c
}

func runMigrate(ctx context.Context, a *app, f *lifeFlags, args []string, r store.MigrateRequest) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	p := a.progress("migrate")
	s, err := a.scope(cfg, args, f, p)
	if err != nil {
		return err
	}
	st, err := s.items(ctx, "migrate")
	if err != nil {
		return err
	}
	r.Scope = s.Scope
	outcomes, err := st.Migrate(ctx, r)
	return a.finish(p, s, outcomes, err)
}
