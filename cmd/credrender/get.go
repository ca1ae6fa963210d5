package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/credrender/credrender/pkg/source"
)

func newGet(a *app) *cobra.Command {
	var version string
	c := &cobra.Command{
		Use:   "get NAME [KEY=VALUE]...",
		Short: "Print one secret",
		Long: `Print a secret byte for byte. Only on a terminal does a newline follow, so that
the prompt does not stick to it.`,
		Example: `  credrender get db.password env=prod
  credrender get web.tls.key -v 3 > tls.key
  credrender get ssm:/app/prod/key`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runGet(c.Context(), a, args, version) },
	}
	c.Flags().StringVarP(&version, "version", "v", "", "`VERSION` to print (default: the newest)")
	return c
}

func runGet(ctx context.Context, a *app, args []string, version string) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	ref, err := refOf(args[0], args[1:], version, cfg.Base.Store.SourceNames()...)
	if err != nil {
		return err
	}
	src, err := a.stores.Source(ctx, cfg.Base.Store, ref.Source)
	if err != nil {
		return err
	}
	got := src.Fetch(ctx, []source.Ref{ref})[ref]
	if got.Err != nil {
		return named(ref, got.Err)
	}
	value := got.Secret.Reveal()
	if isTerminal(a.stdout) && !bytes.HasSuffix(value, []byte("\n")) {
		value = append(bytes.Clone(value), '\n')
	}
	if _, err := a.stdout.Write(value); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// named says which secret an error is about, once.
func named(ref source.Ref, err error) error {
	if _, ok := errors.AsType[*source.RefError](err); ok {
		return err
	}
	return &source.RefError{Ref: ref, Err: err}
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
