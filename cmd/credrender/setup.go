package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
)

type setupOptions struct {
	provisioned    string
	tags           []string
	dryRun, update bool
}

func newSetup(a *app) *cobra.Command {
	o := &setupOptions{}
	c := &cobra.Command{
		Use:   "setup",
		Short: "Create the table and key, or the local store",
		Long: `Create the configured store if it is missing: the DynamoDB table (on-demand, with
point-in-time recovery and deletion protection) and the KMS key with its alias
(rotated every year), or the local store and its key file. Existing settings that
differ are reported and stay unchanged unless --update is given.`,
		Example: `  credrender setup --region eu-west-1 --tag team=web
  credrender setup --dry-run --update
  credrender setup --store local`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runSetup(c.Context(), a, o) },
	}
	f := c.Flags()
	f.StringVar(&o.provisioned, "provisioned", "", "provision `READ/WRITE` units per second instead of on-demand capacity")
	f.StringArrayVar(&o.tags, "tag", nil, "tag `KEY=VALUE` for table and key (repeatable)")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would be created or changed, and do nothing")
	f.BoolVar(&o.update, "update", false, "change existing settings that differ")
	return c
}

func runSetup(ctx context.Context, a *app, o *setupOptions) error {
	table := dynamo.SetupOptions{DryRun: o.dryRun, Update: o.update, Progress: func(text string) { a.log.Info(text) }}
	var err error
	if table.ReadUnits, table.WriteUnits, err = units(o.provisioned); err != nil {
		return err
	}
	if table.Tags, err = pairs("--tag", o.tags); err != nil {
		return err
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	where := cfg.Base.Store
	switch where.Kind {
	case backend.Local:
		return setupLocal(ctx, a, where, o.dryRun)
	case backend.DynamoDB, "":
		return a.setupAWS(ctx, where, table)
	}
	return usagef("setup creates a table or a local store; create buckets with 'aws s3 mb', with versioning and without public access")
}

// setupAWS creates the table, then the key, and prints both.
func (a *app) setupAWS(ctx context.Context, where job.Store, o dynamo.SetupOptions) error {
	c, err := a.stores.AWS(ctx, where)
	if err != nil {
		return err
	}
	t, err := dynamo.NewAdmin(c.AWS, where.Table).SetUp(ctx, o)
	if err != nil {
		return err
	}
	if err := a.printSetup("table", where.Table, t.ARN, t.Created, t.Differs, t.Changed, o); err != nil {
		return err
	}
	k, err := kms.NewAdmin(c.KMS, where.Key).SetUp(ctx, kms.SetupOptions{Tags: o.Tags, DryRun: o.DryRun, Update: o.Update})
	if err != nil {
		return err
	}
	return a.printSetup("key", where.Key, k.ARN, k.Created, k.Differs, k.Changed, o)
}

func (a *app) printSetup(kind, name, arn string, created bool, differs, changed []string, o dynamo.SetupOptions) error {
	label := name
	if arn != "" && kind == "table" {
		label = arn
	} else if arn != "" {
		label += " (" + arn + ")"
	}
	if err := printf(a.stdout, "%-5s  %-7s  %s\n", kind, found(created, o.DryRun), label); err != nil {
		return err
	}
	for _, c := range changed {
		if err := printf(a.stdout, "%-5s  %-7s  %s\n", "", changing(o.DryRun), c); err != nil {
			return err
		}
	}
	if o.Update {
		return nil
	}
	for _, d := range differs {
		a.log.Warn(kind + " " + name + ": " + d)
	}
	if len(differs) > 0 {
		a.log.Info("nothing was changed; 'credrender setup --update' changes it", hintKey, true)
	}
	return nil
}

func setupLocal(ctx context.Context, a *app, where job.Store, dryRun bool) error {
	if dryRun {
		return usagef("--dry-run is for AWS stores only")
	}
	if sameFile(where.Path, where.LocalKey) {
		return usagef("the store and its key cannot be one file, %s: set --local-key", where.Path)
	}
	created, err := local.Create(ctx, backend.LocalOptions(where))
	if errors.Is(err, source.ErrDenied) {
		return &usageError{err} // no secret is refused: the settings name files that do not fit
	}
	if err != nil {
		return err
	}
	if err := printf(a.stdout, "store  %-7s  %s\n", found(created, false), where.Path); err != nil {
		return err
	}
	return printf(a.stdout, "key    %-7s  %s\n", found(created, false), where.LocalKey)
}

// sameFile reports whether two paths are the same file, which need not exist.
func sameFile(a, b string) bool {
	one, errOne := fsys.Identify(fsys.OS{}, a)
	other, errOther := fsys.Identify(fsys.OS{}, b)
	return errOne == nil && errOther == nil && one.Same(other)
}

func found(created, dryRun bool) string {
	switch {
	case created && dryRun:
		return "to make"
	case created:
		return "made"
	}
	return "present"
}

func changing(dryRun bool) string {
	if dryRun {
		return "to set"
	}
	return "set"
}

// units parses "READ/WRITE". Empty means on-demand.
func units(s string) (read, write int64, err error) {
	if s == "" {
		return 0, 0, nil
	}
	r, w, ok := strings.Cut(s, "/")
	read, errR := strconv.ParseInt(r, 10, 64)
	write, errW := strconv.ParseInt(w, 10, 64)
	if !ok || errors.Join(errR, errW) != nil || read < 1 || write < 1 {
		return 0, 0, usagef("--provisioned %q is not READ/WRITE, two numbers of at least 1", s)
	}
	return read, write, nil
}
