package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

// ErrSchema reports an existing table of that name whose keys are not name and version.
var ErrSchema = errors.New("not a table of secrets")

// createPoll is the interval at which the state of a new table is polled. Creating a
// table usually takes some seconds.
const createPoll = 500 * time.Millisecond

// TableState is what [Table.EnsureTable] found or made.
type TableState struct {
	ARN     string
	Created bool
	// OnDemand is true if the table is billed by the request, and false if it has
	// provisioned capacity units a second.
	OnDemand              bool
	ReadUnits, WriteUnits int64
}

// EnsureTable creates the table if it does not exist, billed by the request, and waits
// until it is ready. It does not change an existing table; one with another key schema
// is ErrSchema. It waits until the table's state has not changed for the limit of ctx
// (package limit), or ctx ends.
func (t *Table) EnsureTable(ctx context.Context) (TableState, error) {
	in := t.schema()
	in.BillingMode = onDemand
	desc, created, err := t.ensure(ctx, in, func() {})
	if err != nil {
		return TableState{}, err
	}
	state := describeState(desc)
	state.Created = created
	return state, nil
}

// ensure creates the table if it does not exist, and returns it once it is ready. If in
// is nil, it creates nothing and returns a nil table. It calls waiting before it waits.
func (t *Table) ensure(ctx context.Context, in *settings, waiting func()) (desc *description, created bool, err error) {
	desc, err = t.describe(ctx)
	var taken error
	if errors.Is(err, source.ErrNoStore) {
		if in == nil {
			return nil, true, nil
		}
		taken, err = t.create(ctx, in)
		created = taken == nil
	}
	if err == nil && (desc == nil || desc.TableStatus == creating) {
		waiting()
		desc, err = t.await(ctx, taken)
	}
	if err == nil {
		err = t.check(desc)
	}
	return desc, created, err
}

// await polls a table until it is created. DynamoDB may not know it for a moment. taken
// is CreateTable's error if another process created the table first, or nil.
func (t *Table) await(ctx context.Context, taken error) (desc *description, err error) {
	var missing error
	err = limit.Poll(ctx, createPoll, func(ctx context.Context) (string, bool, error) {
		desc, missing = t.describe(ctx)
		switch {
		case errors.Is(missing, source.ErrNoStore):
			return "missing", false, nil
		case missing != nil:
			return "", false, missing
		}
		return desc.TableStatus, desc.TableStatus != creating, nil
	})
	if _, stuck := errors.AsType[*limit.StuckError](err); stuck {
		return nil, errors.Join(fmt.Errorf("%s: %w", t.op("wait for"), err), missing, taken)
	}
	return desc, err
}

func (t *Table) describe(ctx context.Context) (*description, error) {
	var out described
	check := func() error {
		if out.Table == nil {
			return wire.Other()
		}
		return nil
	}
	if err := t.calls.DoChecked(ctx, "DescribeTable", &table{t.name}, &out, check); err != nil {
		return nil, wire.Wrap(t.op("look up"), err)
	}
	return out.Table, nil
}

// create creates the table. If another process did so first, it returns AWS's error as
// taken.
func (t *Table) create(ctx context.Context, in *settings) (taken, err error) {
	err = t.calls.Do(ctx, "CreateTable", in, nil)
	if wire.Code(err) == "ResourceInUseException" {
		return wire.Wrap(t.op("create"), err), nil
	}
	return nil, wire.Wrap(t.op("create"), err)
}

// schema returns the key schema of every table of secrets.
func (t *Table) schema() *settings {
	return &settings{
		TableName: t.name,
		AttributeDefinitions: []definition{
			{nameAttr, typeString},
			{versionAttr, typeString},
		},
		KeySchema: []keyElement{
			{nameAttr, partition},
			{versionAttr, sorting},
		},
	}
}

func (t *Table) check(d *description) error {
	keys := map[string]string{}
	for _, k := range d.KeySchema {
		keys[k.AttributeName] = k.KeyType
	}
	for _, a := range d.AttributeDefinitions {
		if _, isKey := keys[a.AttributeName]; isKey && a.AttributeType != typeString {
			delete(keys, a.AttributeName)
		}
	}
	if len(keys) != 2 || keys[nameAttr] != partition || keys[versionAttr] != sorting {
		return fmt.Errorf("%w: the keys of %s are not name and version, both strings", ErrSchema, t.name)
	}
	switch d.TableStatus {
	case active, updating: // an update does not stop reads and writes
		return nil
	}
	return fmt.Errorf("%s: %w: it is %s", t.op("look up"), source.ErrNoStore, d.TableStatus)
}

func describeState(d *description) TableState {
	s := TableState{ARN: d.TableArn}
	if d.BillingModeSummary.BillingMode == onDemand {
		s.OnDemand = true
		return s
	}
	s.ReadUnits, s.WriteUnits = d.ProvisionedThroughput.ReadCapacityUnits, d.ProvisionedThroughput.WriteCapacityUnits
	return s
}
