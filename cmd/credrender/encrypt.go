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
		Long: `Encrypt a file with the KMS key of --key and print the result as text. Up to 4,096
bytes the result is that of 'aws kms encrypt --output text --query CiphertextBlob',
above that an envelope ('credrender help sources envelope'). The template function
s3secret reads it from an object in S3; 'credrender decrypt' reads it from a file.`,
		Example:     `  credrender encrypt tls.key env=prod > tls.key.enc`,
		Annotations: map[string]string{mayHoldValues: "encrypt"},
		Args:        cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runEncrypt(c.Context(), a, args, literal, allowEmpty)
		},
	}
	contextFlag(c, &literal)
	c.Flags().BoolVar(&allowEmpty, "allow-empty", false, "accept an empty file")
	return c
}

func runEncrypt(ctx context.Context, a *app, args, literal []string, allowEmpty bool) error {
	plain, keys, where, err := a.openInput(ctx, args, literal, "encrypt")
	if err != nil {
		return err
	}
	if len(plain) == 0 && !allowEmpty {
		return usagef("encrypt: nothing to encrypt: was there an error before the pipe? --allow-empty encrypts it")
	}
	sealed, err := blob.Seal(ctx, keys, plain, where)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	return a.write(sealed)
}

// openInput reads the file, the KMS client and the context for encrypt and decrypt.
// Messages of encrypt do not show the name of the file, because users may type the
// value in its place.
func (a *app) openInput(ctx context.Context, args, literal []string, verb string) ([]byte, *kms.Keys, source.Context, error) {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return nil, nil, source.Context{}, err
	}
	if cfg.Base.Store.Kind == backend.Local {
		return nil, nil, source.Context{}, usagef("encrypt and decrypt need KMS, and a local store has none")
	}
	if verb == "encrypt" && slices.ContainsFunc(args[1:], func(w string) bool { return !isPair(w) }) {
		return nil, nil, source.Context{}, usagef("encrypt: an argument after FILE is not KEY=VALUE (not shown: it may be a value): encrypt takes FILE, or - for standard input")
	}
	where, err := contextOf(args[1:], literal)
	if err != nil {
		return nil, nil, where, err
	}
	var data []byte
	switch {
	case args[0] == stdinName && verb == "encrypt": // may be empty with --allow-empty
		data, err = a.readStdin()
	case args[0] == stdinName:
		data, err = a.readInput(verb)
	case verb == "encrypt":
		if data, err = a.readValue("encrypt: FILE", args[0]); err != nil {
			err = usagef("encrypt: FILE cannot be read: %w (name not shown: it may be a value): encrypt takes FILE, or - for standard input", cause(err))
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
