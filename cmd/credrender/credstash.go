package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/caroots"
	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/internal/compat/credstash"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/pkg/template/mask"
)

func newCredstash(a *app) *cobra.Command {
	return newCompat(a, &cobra.Command{
		Use:   "credstash [ARGUMENT]...",
		Short: "Run as credstash 1.17.1",
		Long: `Run as credstash 1.17.1, with its commands, flags, output and exit codes, for scripts
written for it. The config file is not read. A link to this binary with the name
credstash does the same without the word.`,
		Example: `  credrender credstash get -n db.password env=prod
  ln -s "$(command -v credrender)" /usr/local/bin/credstash`,
	}, a.credstash)
}

// credstash runs one command line of credstash.
func (a *app) credstash(ctx context.Context, args []string) int {
	f := &credstash.CommandLine{
		Machine: a.peerMachine(func(path string) ([]byte, error) { return a.readForPeer("credstash", path) }),
		Home:    a.home(), Open: a.openCredstash,
	}
	return f.Run(ctx, args)
}

// peerMachine returns what a compatibility command line sees of the machine.
func (a *app) peerMachine(readFile func(path string) ([]byte, error)) compat.Machine {
	return compat.Machine{
		Stdin: a.stdin, Stdout: a.stdout, Stderr: mask.Lines(a.stderr), Terminal: a.atTerminal(a.stdout), LookupEnv: a.lookupEnv, Now: time.Now,
		ReadFile: readFile, ReadAll: func(r io.Reader) ([]byte, error) { return a.input.ReadAll(r, true) },
	}
}

// openCredstash opens the table and key that credstash would use.
func (a *app) openCredstash(ctx context.Context, w credstash.Where) (*credstash.Backend, error) {
	// boto3 does not read AWS_REGION, which the SDK prefers, so it could select
	// another region than credstash.
	if err := os.Unsetenv("AWS_REGION"); err != nil {
		return nil, err
	}
	table, st, err := a.openCompat(ctx, awsconfig.Options{
		Region: w.Region, KMSRegion: w.KMSRegion, DefaultRegion: credstash.DefaultRegion,
		Profile: w.Profile, RoleARN: w.RoleARN, SessionName: credstash.SessionName,
	}, w.Table, w.Key)
	if err != nil {
		return nil, err
	}
	create := func(ctx context.Context, tags map[string]string) (bool, error) {
		state, err := table.EnsureTable(ctx)
		if err != nil || !state.Created {
			return false, err
		}
		return true, table.Tag(ctx, state.ARN, tags)
	}
	return &credstash.Backend{Store: st, History: table, Create: create}, nil
}

// openCompat opens the table and key of a compatibility command line.
func (a *app) openCompat(ctx context.Context, o awsconfig.Options, table, key string) (*dynamo.Table, *store.Store, error) {
	caroots.Provide()
	o.OneShot, o.MFA = true, a.askMFA
	c, err := awsconfig.Load(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	t, k := dynamo.New(c.AWS, table), kms.New(c.KMS, key)
	return t, store.New(store.Options{Reader: t, Scanner: t, Writer: t, VersionLister: t, Decrypter: k, DataKeyGenerator: k}), nil
}

// newCompat completes the command of a compatibility command line, whose program parses
// all arguments itself.
func newCompat(a *app, c *cobra.Command, run func(ctx context.Context, args []string) int) *cobra.Command {
	c.DisableFlagParsing = true
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(a.globals.given()) > 0 {
			return usagef("put flags after the word %s; they are those of %[1]s: 'credrender %[1]s --help' lists them", c.Name())
		}
		a.code = run(c.Context(), args)
		return nil
	}
	return c
}
