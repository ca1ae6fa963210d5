package main

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"
)

func newGet(a *app) *cobra.Command {
	var version string
	var literal []string
	c := &cobra.Command{
		Use:   "get REF [KEY=VALUE]...",
		Short: "Print one secret",
		Long: `Print a secret byte for byte. On a terminal a newline follows, so that the prompt
starts on its own line.`,
		Example: `  credrender get db.password env=prod
  credrender get web.tls.key -v 3 > tls.key
  credrender get ssm:/app/prod/key`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runGet(c.Context(), a, args, version, literal)
		},
	}
	contextFlag(c, &literal)
	c.Flags().StringVarP(&version, "version", "v", "", "`VERSION` to print (default: the newest)")
	return c
}

func runGet(ctx context.Context, a *app, args []string, version string, literal []string) error {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.target(cfg, args[0], version, args[1:], literal)
	if err != nil {
		return err
	}
	got, err := t.Get(ctx)
	if err != nil {
		return err
	}
	value := got.Reveal()
	if isTerminal(a.stdout) && !bytes.HasSuffix(value, []byte("\n")) {
		value = append(bytes.Clone(value), '\n')
	}
	return a.write(value)
}
