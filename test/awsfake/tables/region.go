// Package tables is DynamoDB as the fake serves it: the operations that a
// store of secrets uses, with AWS's limits, sizes and refusals.
//
// region.go is one region's tables and how a request reaches them; admin.go,
// tags.go and backups.go make tables and set them up, item.go, update.go, batch.go
// and query.go read and write them, expr.go and condition.go read expressions;
// table.go and value.go know order and size, capacity.go what a request costs and
// when there is nothing left to pay with.
package tables

import (
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// Options change what is as in AWS by default.
type Options struct {
	// PageBytes is what a page of a Query or Scan reads before it ends, with the
	// item that reaches it; zero: 1 MiB.
	PageBytes int
	// CreatingPolls is how many times DescribeTable says CREATING of a new
	// table before it is ACTIVE and can be used.
	CreatingPolls int
	// Burst is how much unused capacity a provisioned table keeps, in time:
	// AWS keeps 300 seconds, and its tables begin with none used. Zero: no
	// table is ever throttled.
	Burst time.Duration
	// BatchKeys is how many keys a BatchGetItem answers at most, the others are
	// left unprocessed; zero: as many as fit in 16 MB.
	BatchKeys int
	// Now is the clock of creation dates and capacity.
	Now func() time.Time
}

// Region is what one region of the account holds.
type Region struct {
	name   string
	opts   Options
	tables map[string]*table
}

// NewRegion returns a region without tables. Not safe for concurrent use.
func NewRegion(name string, o Options) *Region {
	if o.PageBytes == 0 {
		o.PageBytes = 1 << 20
	}
	return &Region{name: name, opts: o, tables: map[string]*table{}}
}

func (r *Region) arn(resource string) string { return wire.ARN(wire.DynamoDB, r.name, resource) }

// Drain uses up all that a table's read and write capacity have saved, as
// earlier traffic would have. Without such a table it does nothing.
func (r *Region) Drain(name string) {
	if t := r.tables[name]; t != nil {
		now := r.opts.Now()
		t.reads.empty(now)
		t.writes.empty(now)
	}
}

// Call is a decoded request.
type Call struct{ in input }

type input interface {
	describe(*wire.Request)
	run(*Region, *wire.Request) (any, error)
}

// Describe fills in the facts that rules and tests look at.
func (c Call) Describe(req *wire.Request) { c.in.describe(req) }

// Run carries the request out, and charges its capacity units to req.
func (c Call) Run(r *Region, req *wire.Request) (any, error) { return c.in.run(r, req) }

// Decode reads the body of a request for an operation.
func Decode(operation string, body []byte) (Call, error) {
	in := newInput(operation)
	if in == nil {
		return Call{}, wire.NotImplemented("DynamoDB's %s", operation)
	}
	return Call{in}, wire.Decode(operation, body, in)
}

func newInput(operation string) input {
	switch operation {
	case "CreateTable":
		return new(createTable)
	case "DescribeTable":
		return new(describeTable)
	case "DeleteTable":
		return new(deleteTable)
	case "ListTables":
		return new(listTables)
	case "UpdateContinuousBackups":
		return new(updateBackups)
	case "DescribeContinuousBackups":
		return new(describeBackups)
	case "UpdateTable":
		return new(updateTable)
	case "ListTagsOfResource":
		return new(listTags)
	case "TagResource":
		return new(tagResource)
	case "PutItem":
		return new(putItem)
	case "GetItem":
		return new(getItem)
	case "BatchGetItem":
		return new(batchGetItem)
	case "UpdateItem":
		return new(updateItem)
	case "DeleteItem":
		return new(deleteItem)
	case "Query":
		return new(query)
	case "Scan":
		return new(scan)
	}
	return nil
}
