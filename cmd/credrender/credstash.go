package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/caroots"
	"github.com/credrender/credrender/internal/compat/credstash"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
)

// credstashName is the name of a link under which the binary is credstash.
const credstashName = "credstash"

func newCredstash(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "credstash [ARGUMENT]...",
		Short: "Be credstash 1.17.1: its commands, flags, output and exit codes",
		Long: `Work as credstash 1.17.1 does, under scripts written for it: all that follows
is read as its command line, and no config file is. A link to this binary named
credstash does the same without the word.`,
		Example: `  credrender credstash get -n db.password env=prod
  ln -s "$(command -v credrender)" /usr/local/bin/credstash`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(a.globals.given()) > 0 {
				return usagef("flags stand after the word credstash, and are credstash's: 'credrender credstash -h' lists them")
			}
			a.code = a.credstash(c.Context(), args)
			return nil
		},
	}
}

// credstash runs one of credstash's command lines.
func (a *app) credstash(ctx context.Context, args []string) int {
	f := &credstash.CommandLine{
		Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr,
		LookupEnv: a.lookupEnv, Home: a.home(), Now: time.Now, Open: a.openCredstash,
		ReadFile: a.input.ReadFile, ReadAll: func(r io.Reader) ([]byte, error) { return a.input.ReadAll(r, true) },
	}
	return f.Run(ctx, args)
}

// openCredstash opens a table and its keys as credstash finds them.
func (a *app) openCredstash(ctx context.Context, w credstash.Where) (*credstash.Backend, error) {
	// The SDK prefers AWS_REGION, which boto3 does not read: where both are
	// set, or neither AWS_DEFAULT_REGION nor a profile names one, credstash's
	// table is elsewhere.
	if err := os.Unsetenv("AWS_REGION"); err != nil {
		return nil, err
	}
	caroots.Provide()
	c, err := awsconfig.Load(ctx, awsconfig.Options{
		Region: w.Region, KMSRegion: w.KMSRegion, DefaultRegion: credstash.DefaultRegion,
		Profile: w.Profile, RoleARN: w.RoleARN, OneShot: true, MFA: a.askMFA,
	})
	if err != nil {
		return nil, err
	}
	table, keys := dynamo.New(c.AWS, w.Table), kms.New(c.KMS, w.Key)
	create := func(ctx context.Context, tags map[string]string) (bool, error) {
		state, err := table.EnsureTable(ctx)
		if err != nil || !state.Created {
			return false, err
		}
		return true, table.Tag(ctx, state.ARN, tags)
	}
	return &credstash.Backend{
		Store: store.New(store.Options{
			Reader: table, Scanner: table, Writer: table, Historian: table, Decrypter: keys, KeyMaker: keys,
		}),
		History: table, Create: create,
	}, nil
}
