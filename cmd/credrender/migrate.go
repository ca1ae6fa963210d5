package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

func newMigrate(a *app) *cobra.Command {
	f := &bulkFlags{}
	var rescue bool
	var format, digest, peer string
	c := &cobra.Command{
		Use:   "migrate [REF] [KEY=VALUE]...",
		Short: "Fix items that older versions and other tools wrote",
		Long: `Fix all versions of the secrets that the pattern REF matches (default: all):

- A version that is not padded to 19 digits (credstash before 1.13) moves to its
  padded number. Until then it hides every later version, and put fails. A warning
  reports each value that is newest from then on.
- A digest that credstash 1.17.1 does not know is replaced: the value is put again
  with SHA256, under the same version.

- With --for, every version that the named program cannot read is put again in the
  format that it can: gcredstash and unicreds read SHA256 only. A binary value stays
  unreadable for credstash and nodecredstash, and is an error.
- With --digest, every version with another digest is put again with this one.

All but the first need contexts, from KEY=VALUE or --context-map. After an
interruption, run the command again.`,
		Example: `  credrender migrate --dry-run
  credrender migrate --for gcredstash --context-map contexts.yaml
  credrender migrate --rescue-ctr32le --context-map contexts.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			if digest != "" && peer != "" && digest != "SHA256" {
				return usagef("--for %s needs SHA256: leave --digest out", peer)
			}
			r := store.MigrateRequest{Legacy: format != "", RescueCTR32LE: rescue, Digest: digest, For: credstash.Peer(peer)}
			return runMigrate(c.Context(), a, f, args, r)
		},
	}
	f.register(c)
	c.Flags().BoolVar(&rescue, "rescue-ctr32le", false, "open every value, and repair those damaged by rucredstash 0.9.1 or later")
	choiceFlag(c, &format, "item-format", "", "", "credstash", "convert items in credsmash's formats to this one")
	choiceFlag(c, &digest, "digest", "", "", "SHA224|SHA256|SHA384|SHA512", "put versions with another digest again with this one")
	choiceFlag(c, &peer, "for", "", "", "gcredstash|unicreds|credstash|nodecredstash", "make every version readable for this program")
	f.registerDryRun(c, "write nothing, print what would change")
	return c
}

func runMigrate(ctx context.Context, a *app, f *bulkFlags, args []string, r store.MigrateRequest) error {
	s, st, err := a.openScope(ctx, "migrate", args, f)
	if err != nil {
		return err
	}
	r.Scope = s.Scope
	outcomes, err := st.Migrate(ctx, r)
	return a.finish(s, outcomes, err)
}
