package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source/blob"
)

func newDecrypt(a *app) *cobra.Command {
	var literal []string
	c := &cobra.Command{
		Use:   "decrypt FILE|- [KEY=VALUE]...",
		Short: "Decrypt a file of 'encrypt' or 'aws kms encrypt'",
		Long: `Decrypt a file made by 'credrender encrypt' or 'aws kms encrypt', and print it byte
for byte. The context must equal the one it was encrypted with.`,
		Example: `  credrender decrypt tls.key.enc env=prod`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runDecrypt(c.Context(), a, args, literal) },
	}
	contextFlag(c, &literal)
	return c
}

func runDecrypt(ctx context.Context, a *app, args, literal []string) error {
	sealed, keys, where, err := a.openInput(ctx, args, literal, "decrypt")
	if err != nil {
		return err
	}
	plain, err := blob.Open(ctx, keys, sealed, where)
	if err != nil {
		return fmt.Errorf("decrypt %s: %w", args[0], err)
	}
	if err := a.writeValue(plain); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}
