package tables

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// onTable is a request for one table.
type onTable struct{ TableName string }

func (t onTable) describe(r *wire.Request) { r.Table = bare(t.TableName) }

// bare is the name in a table's ARN, which DynamoDB takes in the place of the name.
func bare(name string) string {
	if _, resource, ok := strings.Cut(name, ":table/"); ok {
		return resource
	}
	return name
}

type attributeDefinition struct{ AttributeName, AttributeType string }

type keySchemaElement struct{ AttributeName, KeyType string }

type createTable struct {
	onTable
	AttributeDefinitions  []attributeDefinition
	KeySchema             []keySchemaElement
	BillingMode           string
	ProvisionedThroughput *throughput
	Tags                  []tag

	DeletionProtectionEnabled bool
}

type throughput struct{ ReadCapacityUnits, WriteCapacityUnits int64 }

var tableName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`) })

func (c *createTable) run(r *Region, _ *wire.Request) (any, error) {
	if !tableName().MatchString(c.TableName) {
		return nil, wire.Invalid("Invalid table/index name. Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'")
	}
	if r.tables[c.TableName] != nil {
		return nil, &wire.Error{Code: "ResourceInUseException", Message: "Table already exists: " + c.TableName}
	}
	t := &table{
		name: c.TableName, arn: r.arn("table/" + c.TableName),
		billing: c.BillingMode, created: r.opts.Now(), polls: r.opts.CreatingPolls,
		protected: c.DeletionProtectionEnabled,
		tags:      map[string]string{}, partitions: map[string][]*row{},
	}
	if err := c.keysInto(t); err != nil {
		return nil, err
	}
	if err := t.setCapacity(r, c.BillingMode, c.ProvisionedThroughput); err != nil {
		return nil, err
	}
	for _, tag := range c.Tags {
		t.tags[tag.Key] = tag.Value
	}
	r.tables[c.TableName] = t
	out := describeTableOut(t)
	out["TableStatus"] = "CREATING"
	return map[string]any{"TableDescription": out}, nil
}

func (c *createTable) keysInto(t *table) error {
	kinds := map[string]string{}
	for _, d := range c.AttributeDefinitions {
		kinds[d.AttributeName] = d.AttributeType
	}
	for i, k := range c.KeySchema {
		a := keyAttr{k.AttributeName, kinds[k.AttributeName]}
		switch {
		case a.kind != "S" && a.kind != "N" && a.kind != "B":
			return wire.Invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", a.name)
		case i == 0 && k.KeyType == "HASH":
			t.hash = a
		case i == 1 && k.KeyType == "RANGE":
			t.sort = a
		default:
			return wire.Invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
		}
	}
	if len(c.KeySchema) == 0 || len(kinds) != len(c.KeySchema) {
		return wire.Invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return nil
}

func (t *table) setCapacity(r *Region, billing string, given *throughput) error {
	if billing == "PAY_PER_REQUEST" {
		if given != nil {
			return wire.Invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		return nil
	}
	if given == nil {
		return wire.Invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	t.readCap, t.writeCap = given.ReadCapacityUnits, given.WriteCapacityUnits
	if t.readCap < 1 || t.writeCap < 1 {
		return wire.Invalid("1 validation error detected: Value at 'provisionedThroughput' failed to satisfy constraint: Member must have value greater than or equal to 1")
	}
	t.reads, t.writes = newBucket(t.readCap, r.opts.Burst, t.created), newBucket(t.writeCap, r.opts.Burst, t.created)
	return nil
}

// table returns a table that can be used.
func (r *Region) table(name string) (*table, error) {
	t := r.tables[bare(name)]
	if t == nil || t.status() != "ACTIVE" {
		return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found"}
	}
	return t, nil
}

type describeTable struct{ onTable }

func (d *describeTable) run(r *Region, _ *wire.Request) (any, error) {
	t := r.tables[bare(d.TableName)]
	if t == nil {
		return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found: Table: " + d.TableName + " not found"}
	}
	out := describeTableOut(t)
	t.polls = max(0, t.polls-1)
	return map[string]any{"Table": out}, nil
}

func describeTableOut(t *table) map[string]any {
	var definitions []attributeDefinition
	var schema []keySchemaElement
	size, items := 0, 0
	for i, k := range t.keys() {
		definitions = append(definitions, attributeDefinition{k.name, k.kind})
		schema = append(schema, keySchemaElement{k.name, []string{"HASH", "RANGE"}[i]})
	}
	for _, rows := range t.partitions {
		for _, r := range rows {
			size, items = size+r.size, items+1
		}
	}
	out := map[string]any{
		"TableName": t.name, "TableArn": t.arn, "TableStatus": t.status(), "CreationDateTime": float64(t.created.UnixMilli()) / 1000,
		"AttributeDefinitions": definitions, "KeySchema": schema,
		"DeletionProtectionEnabled": t.protected,
		"ItemCount":                 items, "TableSizeBytes": size,
		"ProvisionedThroughput": map[string]any{"ReadCapacityUnits": t.readCap, "WriteCapacityUnits": t.writeCap, "NumberOfDecreasesToday": 0},
	}
	if t.billing == "PAY_PER_REQUEST" {
		out["BillingModeSummary"] = map[string]any{"BillingMode": t.billing}
	}
	return out
}

type deleteTable struct{ onTable }

func (d *deleteTable) run(r *Region, _ *wire.Request) (any, error) {
	t, err := r.table(d.TableName)
	if err != nil {
		return nil, err
	}
	if t.protected {
		return nil, wire.Invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	delete(r.tables, d.TableName)
	out := describeTableOut(t)
	out["TableStatus"] = "DELETING"
	return map[string]any{"TableDescription": out}, nil
}

type listTables struct {
	ExclusiveStartTableName string
	Limit                   *int
}

func (*listTables) describe(*wire.Request) {}

func (l *listTables) run(r *Region, _ *wire.Request) (any, error) {
	limit := 100
	if l.Limit != nil {
		limit = *l.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, wire.Invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(r.tables)) {
		if name <= l.ExclusiveStartTableName {
			continue
		}
		if len(names) == limit {
			return map[string]any{"TableNames": names, "LastEvaluatedTableName": names[limit-1]}, nil
		}
		names = append(names, name)
	}
	return map[string]any{"TableNames": names}, nil
}

// updateTable changes one thing at a time, as setup does.
type updateTable struct {
	onTable
	BillingMode               string
	ProvisionedThroughput     *throughput
	DeletionProtectionEnabled *bool
}

func (u *updateTable) run(r *Region, _ *wire.Request) (any, error) {
	t, err := r.table(u.TableName)
	if err != nil {
		return nil, err
	}
	if u.DeletionProtectionEnabled != nil && u.BillingMode == "" && u.ProvisionedThroughput == nil {
		t.protected = *u.DeletionProtectionEnabled
		return map[string]any{"TableDescription": describeTableOut(t)}, nil
	}
	if u.DeletionProtectionEnabled != nil || u.BillingMode == "" {
		return nil, wire.NotImplemented("UpdateTable of this")
	}
	changed := *t
	if err := changed.setCapacity(r, u.BillingMode, u.ProvisionedThroughput); err != nil {
		return nil, err
	}
	changed.billing = u.BillingMode
	*t = changed
	out := describeTableOut(t)
	out["TableStatus"] = "UPDATING"
	return map[string]any{"TableDescription": out}, nil
}
