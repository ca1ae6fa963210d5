package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

func newGet(a *app) *cobra.Command {
	var version string
	var literal []string
	c := &cobra.Command{
		Use:   "get REF [KEY=VALUE]...",
		Short: "Print one secret",
		Long: `Print a secret byte for byte. On a terminal a newline follows, so that the prompt
starts on its own line, and a value with control characters is an error: a terminal
would obey them. As in templates, REF may reach into a JSON or YAML value: NAME#/KEY.`,
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
	value, err := valueOf(ctx, t)
	if err != nil {
		return err
	}
	if err := a.writeValue(value); err != nil {
		return fmt.Errorf("%s: %w", t.Bare(), err)
	}
	return nil
}

// valueOf fetches the value that a name in a template would: of a secret of that very name,
// else what NAME#/KEY reaches in the document NAME.
func valueOf(ctx context.Context, t *backend.Target) ([]byte, error) {
	document, pointer, isOnly, isPart := t.Within()
	if !isOnly {
		got, err := t.Get(ctx)
		if !isPart || !errors.Is(err, source.ErrNotFound) {
			return got.Reveal(), err
		}
	}
	got, err := document.Get(ctx)
	if err != nil {
		return nil, err
	}
	value, err := template.At(string(got.Reveal()), pointer)
	if err != nil {
		return nil, t.Bare().Fault(err)
	}
	return []byte(value), nil
}
