package tables

import (
	"maps"
	"slices"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// Limits of a BatchGetItem
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html).
const (
	maxBatchKeys  = 100
	maxBatchBytes = 16 << 20
)

// keysOfTable is what a batch asks of one table.
type keysOfTable struct {
	Keys                     []attributes
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     string            `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

type batchGetItem struct {
	consumption
	RequestItems map[string]*keysOfTable
}

func (b *batchGetItem) describe(r *wire.Request) {
	for name, k := range b.RequestItems {
		r.Table, r.Consistent = name, k.ConsistentRead
		if len(k.Keys) == 1 {
			describeKey(r, k.Keys[0])
		}
		for _, key := range k.Keys {
			r.Names = append(r.Names, key["name"].text)
		}
	}
}

// batch is one BatchGetItem on its way.
type batch struct {
	region      *Region
	req         *wire.Request
	responses   map[string][]attributes
	unprocessed map[string]*keysOfTable
	consumed    []map[string]any
	keys, bytes int
	throttle    error // of the first table that had no capacity left
}

func (b *batchGetItem) run(r *Region, c *wire.Request) (any, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	out := &batch{region: r, req: c, responses: map[string][]attributes{}, unprocessed: map[string]*keysOfTable{}}
	for _, name := range slices.Sorted(maps.Keys(b.RequestItems)) {
		if err := out.table(name, b.RequestItems[name]); err != nil {
			return nil, err
		}
	}
	if out.keys == 0 && out.throttle != nil {
		return nil, out.throttle
	}
	m := map[string]any{"Responses": out.responses, "UnprocessedKeys": out.unprocessed}
	if b.wanted() {
		m["ConsumedCapacity"] = out.consumed
	}
	return m, nil
}

func (b *batchGetItem) check() error {
	n := 0
	for _, k := range b.RequestItems {
		n += len(k.Keys)
		if len(k.Keys) == 0 {
			n = maxBatchKeys + 1
		}
	}
	switch {
	case len(b.RequestItems) == 0:
		return wire.Invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case n > maxBatchKeys:
		return wire.Invalid("Too many items requested for the BatchGetItem call")
	}
	return nil
}

func (b *batch) table(name string, asked *keysOfTable) error {
	e := newExpressions(expressionNames{ExpressionAttributeNames: asked.ExpressionAttributeNames})
	project, err := e.projection(asked.ProjectionExpression)
	if err == nil {
		err = e.finish()
	}
	if err != nil {
		return err
	}
	t, err := b.region.table(name)
	if err != nil {
		return err
	}
	if err := t.checkKeys(asked.Keys); err != nil {
		return err
	}
	before := b.req.ReadUnits
	b.responses[name] = []attributes{}
	for _, key := range asked.Keys {
		if !b.one(t, key, asked, project) {
			b.leave(name, asked, key)
		}
	}
	b.consumed = append(b.consumed, consumed(t, b.req.ReadUnits-before))
	return nil
}

// checkKeys refuses keys that do not fit, or stand there twice.
func (t *table) checkKeys(keys []attributes) error {
	seen := map[[2]string]bool{}
	for _, k := range keys {
		if err := t.checkKey(k); err != nil {
			return err
		}
		id := [2]string{k[t.hash.name].id(), k[t.sort.name].id()}
		if seen[id] {
			return wire.Invalid("Provided list of item keys contains duplicates")
		}
		seen[id] = true
	}
	return nil
}

// one reads one key, unless something is full or empty.
func (b *batch) one(t *table, key attributes, asked *keysOfTable, project projector) bool {
	found := t.get(key)
	size := sizeOf(found)
	limit := b.region.opts.BatchKeys
	if limit > 0 && b.keys >= limit || b.bytes+size > maxBatchBytes {
		return false
	}
	if err := b.region.read(b.req, t, readUnits(size, asked.ConsistentRead)); err != nil {
		b.throttle = err
		return false
	}
	b.keys++
	b.bytes += size
	if found != nil {
		b.responses[t.name] = append(b.responses[t.name], project(found.item))
	}
	return true
}

func (b *batch) leave(name string, asked *keysOfTable, key attributes) {
	left := b.unprocessed[name]
	if left == nil {
		rest := *asked
		rest.Keys = nil
		left = &rest
		b.unprocessed[name] = left
	}
	left.Keys = append(left.Keys, key)
}
