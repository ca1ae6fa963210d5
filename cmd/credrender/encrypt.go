package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
	"github.com/credrender/credrender/pkg/source/kms"
)

func newEncrypt(a *app) *cobra.Command {
	var literal []string
	var allowEmpty bool
	c := &cobra.Command{
		Use:   "encrypt FILE|- [KEY=VALUE]...",
		Short: "Encrypt a file with KMS, for a repository or S3",
		Long: `Encrypt a file with the KMS key of --key and print the result, which is text:
up to 4,096 bytes what 'aws kms encrypt --output text --query CiphertextBlob'
prints, above that an envelope (docs/sources.md). An object of S3 with it in is
what s3secret reads; 'credrender decrypt' opens it.`,
		Example:     `  credrender encrypt tls.key env=prod > tls.key.enc`,
		Annotations: map[string]string{mayHoldValues: "encrypt"},
		Args:        cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runEncrypt(c.Context(), a, args, literal, allowEmpty)
		},
	}
	contextFlag(c, &literal)
	c.Flags().BoolVar(&allowEmpty, "allow-empty", false, "encrypt nothing, too")
	return c
}

func runEncrypt(ctx context.Context, a *app, args, literal []string, allowEmpty bool) error {
	plain, keys, where, err := a.sealing(ctx, args, literal, "encrypt")
	if err != nil {
		return err
	}
	if len(plain) == 0 && !allowEmpty {
		return usagef("encrypt: there is nothing to encrypt: was there an error before the pipe? --allow-empty encrypts it")
	}
	sealed, err := blob.Seal(ctx, keys, plain, where)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	return a.write(sealed)
}

// sealing is what encrypt and decrypt take: a file, KMS and a context.
// The file of encrypt may be the value itself, typed in its place: then it is not
// shown.
func (a *app) sealing(ctx context.Context, args, literal []string, verb string) ([]byte, *kms.Keys, source.Context, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, nil, source.Context{}, err
	}
	if cfg.Base.Store.Kind == backend.Local {
		return nil, nil, source.Context{}, usagef("encrypt and decrypt are KMS's: a local store has none")
	}
	if verb == "encrypt" && slices.ContainsFunc(args[1:], func(w string) bool { return !isPair(w) }) {
		return nil, nil, source.Context{}, usagef("encrypt: a word after FILE is not KEY=VALUE (it is not shown: it may be a value): encrypt takes FILE, or - for standard input")
	}
	where, err := contextOf(args[1:], literal)
	if err != nil {
		return nil, nil, where, err
	}
	var data []byte
	switch {
	case args[0] == stdinName && verb == "encrypt": // which may be told to take nothing
		data, err = a.readStdin()
	case args[0] == stdinName:
		data, err = a.readInput(verb)
	case verb == "encrypt":
		if data, err = a.input.ReadFile(a.abs(args[0])); err != nil {
			err = usagef("encrypt: FILE cannot be read: %w (its name is not shown, since it may be a value): encrypt takes FILE, or - for standard input", cause(err))
		}
	default:
		data, err = a.readNamed(args[0])
	}
	if err != nil {
		return nil, nil, where, err
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
