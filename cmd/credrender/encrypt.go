package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
	"github.com/credrender/credrender/pkg/source/kms"
)

func newEncrypt(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "encrypt FILE|- [KEY=VALUE]...",
		Short: "Encrypt a file with KMS, for a repository or S3",
		Long: `Encrypt a file with the KMS key of --key and print the result, which is text:
up to 4,096 bytes what 'aws kms encrypt --output text --query CiphertextBlob'
prints, above that an envelope (docs/sources.md). An object of S3 with it in is
what s3secret reads; 'credrender decrypt' opens it.`,
		Example: `  credrender encrypt tls.key env=prod > tls.key.enc`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runEncrypt(c.Context(), a, args) },
	}
}

func runEncrypt(ctx context.Context, a *app, args []string) error {
	plain, keys, where, err := a.sealing(ctx, args)
	if err != nil {
		return err
	}
	sealed, err := blob.Seal(ctx, keys, plain, where)
	if err != nil {
		return fmt.Errorf("encrypt %s: %w", args[0], err)
	}
	return a.write(sealed)
}

// sealing is what encrypt and decrypt take: a file, KMS and a context.
func (a *app) sealing(ctx context.Context, args []string) ([]byte, *kms.Keys, source.Context, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, nil, source.Context{}, err
	}
	given, err := pairs("context", args[1:])
	if err != nil {
		return nil, nil, source.Context{}, err
	}
	where, err := source.NewContext(given)
	if err != nil {
		return nil, nil, where, &usageError{err}
	}
	var data []byte
	if args[0] == stdinName {
		data, err = io.ReadAll(a.stdin)
	} else {
		data, err = a.readNamed(args[0])
	}
	if err != nil {
		return nil, nil, where, err
	}
	if cfg.Base.Store.Kind == backend.Local {
		return nil, nil, where, usagef("encrypt and decrypt are KMS's: a local store has none")
	}
	keys, err := a.stores.Keys(ctx, cfg.Base.Store)
	return data, keys, where, err
}

func (a *app) write(data []byte) error {
	if _, err := a.stdout.Write(data); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
