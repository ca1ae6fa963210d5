package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

// Admin creates and configures a table. It is safe for concurrent use. Its errors are
// like those of [Table].
type Admin struct{ *Table }

// NewAdmin returns the administration of a table, named as for [New].
func NewAdmin(client awsconfig.Client, table string) *Admin {
	return &Admin{New(client, table)}
}

// SetupOptions describe the table that [Admin.SetUp] creates.
type SetupOptions struct {
	// ReadUnits and WriteUnits are the provisioned capacity per second; zero: the
	// table is billed by the request.
	ReadUnits, WriteUnits int64
	Tags                  map[string]string
	DryRun                bool // change nothing
	Update                bool // change existing settings that differ
	// Progress, if set, is called with what SetUp waits for.
	Progress func(string)
}

// Setup is what [Admin.SetUp] found or made.
type Setup struct {
	ARN     string // empty: a dry run would make the table
	Created bool   // made, or in a dry run to be made
	// Differs lists how an existing table differs from one that SetUp creates, and
	// Changed lists the settings of these that were changed, or would be.
	Differs, Changed []string
}

// SetUp creates the table if it does not exist, with point-in-time recovery and
// deletion protection, and waits until it is ready. It reports existing settings that
// differ, and changes them only with Update. A table with another key schema is
// ErrSchema.
func (a *Admin) SetUp(ctx context.Context, o SetupOptions) (Setup, error) {
	desc, created, err := a.ensure(ctx, a.newTable(o), func() { a.tellWaiting(o) })
	switch {
	case err != nil:
		return Setup{}, err
	case desc == nil:
		return Setup{Created: true}, nil
	}
	s := Setup{ARN: desc.TableArn, Created: created}
	if created {
		return s, a.recoverable(ctx) // only a table that is ready can have it
	}
	return s, a.compare(ctx, desc, &s, o)
}

func (a *Admin) tellWaiting(o SetupOptions) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf("waiting for table %s to be ready", a.name))
	}
}

// newTable returns the request that creates the table, or nil for a dry run.
func (a *Admin) newTable(o SetupOptions) *settings {
	if o.DryRun {
		return nil
	}
	in := a.schema()
	in.BillingMode, in.ProvisionedThroughput = o.billing()
	in.DeletionProtectionEnabled = true
	in.Tags = tagList(o.Tags)
	return in
}

func (o SetupOptions) billing() (string, *throughput) {
	if o.ReadUnits == 0 {
		return onDemand, nil
	}
	return "PROVISIONED", &throughput{o.ReadUnits, o.WriteUnits}
}

// compare checks the properties one after another.
func (a *Admin) compare(ctx context.Context, d *description, s *Setup, o SetupOptions) error {
	for _, p := range []property{a.capacity(d, o), a.protection(d), a.recovery(), a.tags(s.ARN, o)} {
		differs, err := p.look(ctx)
		if errors.Is(err, source.ErrDenied) && !o.Update {
			differs, err = p.name+" could not be checked: "+err.Error(), nil
			p.change = nil
		}
		if err != nil {
			return err
		}
		if differs == "" {
			continue
		}
		s.Differs = append(s.Differs, differs)
		if !o.Update || p.change == nil {
			continue
		}
		s.Changed = append(s.Changed, p.name)
		if o.DryRun {
			continue
		}
		if err := p.change(ctx); err != nil {
			return err
		}
		a.tellWaiting(o)
		if _, err := a.await(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// property is one thing that a table can differ in.
type property struct {
	name   string
	look   func(context.Context) (differs string, err error)
	change func(context.Context) error
}

func (a *Admin) capacity(d *description, o SetupOptions) property {
	billing, units := o.billing()
	return property{
		"billing",
		func(context.Context) (string, error) {
			is := describeState(d)
			switch {
			case o.ReadUnits == 0 && !is.OnDemand:
				return fmt.Sprintf("it is provisioned with %d/%d units per second, not on-demand", is.ReadUnits, is.WriteUnits), nil
			case o.ReadUnits != 0 && is.OnDemand:
				return fmt.Sprintf("it is on-demand, not provisioned with %d/%d", o.ReadUnits, o.WriteUnits), nil
			case is.ReadUnits != o.ReadUnits || is.WriteUnits != o.WriteUnits:
				return fmt.Sprintf("it is provisioned with %d/%d units per second, not %d/%d", is.ReadUnits, is.WriteUnits, o.ReadUnits, o.WriteUnits), nil
			}
			return "", nil
		},
		func(ctx context.Context) error {
			in := settings{TableName: a.name, BillingMode: billing, ProvisionedThroughput: units}
			return wire.Wrap(a.op("change billing of"), a.calls.Do(ctx, "UpdateTable", &in, nil))
		},
	}
}

func (a *Admin) protection(d *description) property {
	return property{
		"deletion protection",
		func(context.Context) (string, error) {
			if d.DeletionProtectionEnabled {
				return "", nil
			}
			return "it is not protected from deletion", nil
		},
		func(ctx context.Context) error {
			in := settings{TableName: a.name, DeletionProtectionEnabled: true}
			return wire.Wrap(a.op("protect"), a.calls.Do(ctx, "UpdateTable", &in, nil))
		},
	}
}

func (a *Admin) recovery() property {
	return property{
		"point-in-time recovery",
		func(ctx context.Context) (string, error) {
			var out backups
			if err := a.calls.Do(ctx, "DescribeContinuousBackups", &table{a.name}, &out); err != nil {
				return "", wire.Wrap(a.op("look up backups of"), err)
			}
			if out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == "ENABLED" {
				return "", nil
			}
			return "point-in-time recovery is off", nil
		},
		a.recoverable,
	}
}

// recoverable turns on point-in-time recovery. For a moment after a table becomes ready,
// until DynamoDB has set up its backups, the request fails
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html).
func (a *Admin) recoverable(ctx context.Context) error {
	var early error
	err := limit.Poll(ctx, createPoll, func(ctx context.Context) (string, bool, error) {
		in := recovery{TableName: a.name}
		in.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled = true
		err := a.calls.Do(ctx, "UpdateContinuousBackups", &in, nil)
		early = wire.Wrap(a.op("turn on point-in-time recovery of"), err)
		if wire.Code(err) == "ContinuousBackupsUnavailableException" {
			return "without backups", false, nil
		}
		return "", true, early
	})
	if _, stuck := errors.AsType[*limit.StuckError](err); stuck {
		return errors.Join(fmt.Errorf("%s: %w", a.op("wait for backups of"), err), early)
	}
	return err
}

// Tag adds tags to the table with that ARN, which [Table.EnsureTable] returns. It
// requires the permission dynamodb:TagResource.
func (t *Table) Tag(ctx context.Context, arn string, tags map[string]string) error {
	return wire.Wrap(t.op("tag"), t.calls.Do(ctx, "TagResource", &tagInput{arn, tagList(tags)}, nil))
}

func tagList(tags map[string]string) (list []tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{k, tags[k]})
	}
	return list
}

func (a *Admin) tags(arn string, o SetupOptions) property {
	missing := map[string]string{}
	return property{
		"tags",
		func(ctx context.Context) (string, error) {
			if len(o.Tags) == 0 {
				return "", nil
			}
			have, err := a.tagsOf(ctx, arn)
			if err != nil {
				return "", err
			}
			for k, v := range o.Tags {
				if got, ok := have[k]; !ok || got != v {
					missing[k] = v
				}
			}
			if len(missing) == 0 {
				return "", nil
			}
			return fmt.Sprintf("its tags lack %q", slices.Sorted(maps.Keys(missing))), nil
		},
		func(ctx context.Context) error { return a.Tag(ctx, arn, missing) },
	}
}

func (a *Admin) tagsOf(ctx context.Context, arn string) (map[string]string, error) {
	tags := map[string]string{}
	in := tagsInput{ResourceARN: arn}
	for {
		var out tagsOutput
		if err := a.calls.Do(ctx, "ListTagsOfResource", &in, &out); err != nil {
			return nil, wire.Wrap(a.op("list tags of"), err)
		}
		for _, t := range out.Tags {
			tags[t.Key] = t.Value
		}
		if out.NextToken == "" {
			return tags, nil
		}
		if out.NextToken == in.NextToken {
			return nil, wire.Wrap(a.op("list tags of"), wire.Broken(wire.ErrOther))
		}
		in.NextToken = out.NextToken
	}
}
