package dynamo

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

const (
	// probeUnit is how many bytes an eventually consistent read gives for half
	// a read unit
	// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
	probeUnit = 4096
	// probeConcurrency bounds the requests of one probe, as a store's fetch is.
	probeConcurrency = 256
)

var _ source.Prober = (*Table)(nil)

// question is what a probe asks of the table, without the context, which
// DynamoDB does not know: equal ones are asked once.
type question struct {
	name, version string
	trace         source.Trace
}

// Probe implements source.Prober for half a read unit a secret, whatever its
// size, and nothing of KMS. Reads are eventually consistent: a write of the
// last second may be missed until the next probe.
//
// Of an item of up to 4 KB it sees everything: another version that sorts last,
// one that is gone, one that was put again. Of a larger one, which would cost
// by its size, it sees a version that sorts after the known one, and of a
// larger pinned version nothing, for no request at all; the rest is for a full
// look from time to time.
func (t *Table) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	asked := map[question][]source.Ref{}
	var order []question
	for _, k := range known {
		q := question{k.Ref.Name, k.Ref.Version, k.Trace}
		if asked[q] == nil {
			order = append(order, q)
		}
		asked[q] = append(asked[q], k.Ref)
	}
	changed := make([]bool, len(order))
	var g errgroup.Group
	g.SetLimit(probeConcurrency)
	for i, q := range order {
		g.Go(func() error { changed[i] = t.changed(ctx, q); return nil })
	}
	_ = g.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var refs []source.Ref
	for i, q := range order {
		if changed[i] {
			refs = append(refs, asked[q]...)
		}
	}
	return refs, nil
}

// changed is true also where it cannot be told: the fetch that follows says
// why.
func (t *Table) changed(ctx context.Context, q question) bool {
	switch {
	case ctx.Err() != nil, q.trace.Version == "" && !q.trace.Absent:
		return true
	case q.version != "":
		return t.pinnedChanged(ctx, q)
	case q.trace.Size > probeUnit && !q.trace.Absent:
		in := queryName(q.name)
		in.KeyConditionExpression = "#n = :n AND #v > :v"
		in.ExpressionAttributeNames["#v"] = versionAttr
		in.ExpressionAttributeValues[":v"] = text(q.trace.Version)
		in.Limit, in.ConsistentRead = 1, false
		out, err := t.read(ctx, "Query", in)
		return err != nil || len(out.Items) > 0
	}
	item, err := t.newest(ctx, q.name, false)
	return differs(q.trace, item, err)
}

// pinnedChanged looks for a version in the forms that a fetch would try, up to
// the one that was found.
func (t *Table) pinnedChanged(ctx context.Context, q question) bool {
	if q.trace.Size > probeUnit && !q.trace.Absent {
		return false
	}
	for _, v := range credstash.Candidates(q.version) {
		item, err := t.get(ctx, q.name, v, false)
		if !errors.Is(err, source.ErrNotFound) {
			return differs(q.trace, item, err)
		}
	}
	return !q.trace.Absent
}

// differs compares what was seen with what a look has found.
func differs(seen source.Trace, item credstash.Item, err error) bool {
	if err != nil {
		return !seen.Absent || !errors.Is(err, source.ErrNotFound)
	}
	return seen.Absent || item.Version != seen.Version || credstash.Mark(item) != seen.Mark
}
