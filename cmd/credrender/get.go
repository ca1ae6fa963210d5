package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newGet(a *app) *cobra.Command {
	var version string
	var literal []string
	c := &cobra.Command{
		Use:   "get REF [KEY=VALUE]...",
		Short: "Print one secret",
		Long: `Print a secret byte for byte. Only on a terminal does a newline follow, so that
the prompt does not stick to it.`,
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
	cfg, err := a.config(ctx)
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
	if _, err := a.stdout.Write(value); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func printf(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
