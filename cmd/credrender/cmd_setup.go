package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/awsconf"
	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source/local"
)

func newSetup(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "setup",
		Short: "Make the table and key, or the local store",
		Long: `Make what is missing of the store that the settings name: the DynamoDB table
(paid by the request) and the KMS key with its alias (rotated every year), or
the local store and its key file. What is there stays as it is.`,
		Example: `  credrender setup --region eu-west-1
  credrender setup --store local`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runSetup(c.Context(), a) },
	}
}

func runSetup(ctx context.Context, a *app) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	where := cfg.Base.Store
	if where.Kind == backend.Local {
		return setupLocal(ctx, a, where)
	}
	if where.Kind == backend.S3 {
		return usagef("setup makes a table or a local store; buckets are made by 'aws s3 mb', with versions and without public access")
	}
	table, keys, err := awsconf.Open(ctx, backend.Settings(where), where.Table, where.Key)
	if err != nil {
		return err
	}
	t, err := table.EnsureTable(ctx)
	if err != nil {
		return err
	}
	if err := printf(a.stdout, "table  %-7s  %s\n", found(t.Created), t.ARN); err != nil {
		return err
	}
	k, err := keys.EnsureKey(ctx)
	if err != nil {
		return err
	}
	return printf(a.stdout, "key    %-7s  %s (%s)\n", found(k.Created), where.Key, k.ARN)
}

func setupLocal(ctx context.Context, a *app, where job.Store) error {
	created, err := local.Create(ctx, backend.LocalOptions(where))
	if err != nil {
		return err
	}
	if err := printf(a.stdout, "store  %-7s  %s\n", found(created), where.Path); err != nil {
		return err
	}
	return printf(a.stdout, "key    %-7s  %s\n", found(created), where.LocalKey)
}

func found(created bool) string {
	if created {
		return "made"
	}
	return "present"
}
