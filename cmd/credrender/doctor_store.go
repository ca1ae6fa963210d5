package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

// examineLocal opens a local store and its key, and searches its items.
func (d *doctor) examineLocal(ctx context.Context, where job.Store) error {
	if _, _, err := local.New(backend.LocalOptions(where)).GenerateDataKey(ctx, 1, nil); err != nil {
		d.hopeless = true
		var fixes []string
		if errors.Is(err, source.ErrNoStore) {
			fixes = []string{d.line("setup")}
		}
		d.tell(failing, "store", err.Error(), fixes...)
		return nil
	}
	d.tell(fine, "store", "local, "+where.Path)
	return d.examineItems(ctx, where)
}

// examineFolder lists a folder of S3.
func (d *doctor) examineFolder(ctx context.Context, where job.Store) error {
	src, err := d.a.stores.Source(ctx, where, "")
	if err != nil {
		return err
	}
	lister, ok := src.(source.Lister)
	if !ok {
		return nil
	}
	subject := "s3://" + where.Path
	switch _, err := lister.List(ctx, ""); {
	case errors.Is(err, source.ErrDenied):
		d.tell(fine, "store", subject+": not checked, because s3:ListBucket is denied; rendering needs it only for patterns")
	case err != nil:
		d.hopeless = true
		d.tell(failing, "store", err.Error(), "aws s3 ls  # lists the buckets of the account")
	default:
		d.tell(fine, "store", subject)
	}
	return nil
}

func (d *doctor) examineTable(ctx context.Context, c awsconfig.Config, where job.Store) {
	subject := "table " + where.Table
	t, err := dynamo.NewAdmin(c.AWS, where.Table).SetUp(ctx, dynamo.SetupOptions{DryRun: true})
	switch {
	case errors.Is(err, source.ErrDenied):
		d.tell(fine, subject, "not checked, because dynamodb:DescribeTable is denied; rendering does not need it")
	case errors.Is(err, dynamo.ErrSchema):
		d.hopeless = true
		d.tell(failing, subject, err.Error(), d.line("--table", "OTHER", "setup"))
	case err != nil:
		d.hopeless = true
		d.tell(failing, subject, err.Error(), d.line("render", "--wait", "5m")+"  # keeps trying")
	case t.Created:
		d.noTable(ctx, c, where)
	default:
		d.tell(fine, subject, t.ARN)
		d.differs(subject, t.Differs)
	}
}

// differs warns of settings that differ from those of setup, except the billing mode,
// which is the owner's choice.
func (d *doctor) differs(subject string, differs []string) {
	for _, text := range differs {
		if !strings.HasPrefix(text, "it is provisioned") && !strings.Contains(text, "could not be checked") {
			d.tell(warning, subject, text, d.line("setup", "--update"))
		}
	}
}

// credstashRegion is the default region of credstash.
const credstashRegion = "us-east-1"

// noTable looks for the table in the regions where it is most likely to be.
func (d *doctor) noTable(ctx context.Context, c awsconfig.Config, where job.Store) {
	d.hopeless = true
	for _, region := range []string{credstashRegion, where.KMSRegion} {
		if region == "" || region == c.AWS.Region {
			continue
		}
		other := c.AWS
		other.Region = region
		t, err := dynamo.NewAdmin(other, where.Table).SetUp(ctx, dynamo.SetupOptions{DryRun: true})
		if err == nil && !t.Created {
			d.tell(failing, "region", fmt.Sprintf("table %s is in %s, not in %s", where.Table, region, c.AWS.Region),
				"export CREDRENDER_REGION="+region)
			return
		}
	}
	d.tell(failing, "table "+where.Table, "not found in "+c.AWS.Region, d.line("setup"))
}

func (d *doctor) examineKey(ctx context.Context, c awsconfig.Config, where job.Store) {
	subject := "key " + where.Key
	k, err := kms.NewAdmin(c.KMS, where.Key).SetUp(ctx, kms.SetupOptions{DryRun: true})
	unfit, isUnfit := errors.AsType[*kms.UnfitError](err)
	switch {
	case errors.Is(err, source.ErrDenied):
		d.tell(fine, subject, "not checked, because kms:DescribeKey is denied; rendering does not need it")
	case isUnfit:
		d.tell(failing, subject, err.Error(), enable(unfit.Key.ARN, unfit.Key.State)...)
	case err != nil:
		d.tell(warning, subject, err.Error(), d.line("setup"))
	case k.Created:
		d.tell(warning, subject, "not found: secrets can be read, but not put", d.line("setup"))
	default:
		d.tell(fine, subject, k.ARN)
		d.differs(subject, k.Differs)
	}
}

// enable returns the commands that enable a key again.
func enable(arn, state string) []string {
	again := "aws kms enable-key --key-id " + arn
	if state == "PendingDeletion" || strings.Contains(state, " is pending deletion") {
		return []string{"aws kms cancel-key-deletion --key-id " + arn, again}
	}
	return []string{again}
}

// examineItems checks all versions in the table: with --all by opening them, otherwise by
// their form. It needs the right to scan the table, and is skipped without it.
func (d *doctor) examineItems(ctx context.Context, where job.Store) error {
	st, err := d.a.stores.Store(ctx, where, "doctor")
	if err != nil {
		return err
	}
	sc := store.Scope{DryRun: !d.all, Contexts: func(string) []source.Context { return d.contexts }}
	verdicts, err := st.Verify(ctx, sc)
	switch {
	case errors.Is(err, source.ErrDenied):
		d.tell(fine, "items", "not checked, because dynamodb:Scan is denied; rendering needs it only for patterns")
	case err != nil:
		d.tell(warning, "items", err.Error())
	default:
		d.tellItems(verdicts)
	}
	return nil
}
