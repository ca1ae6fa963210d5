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
	changed, errs := make([]bool, len(order)), make([]error, len(order))
	var g errgroup.Group
	g.SetLimit(probeConcurrency)
	for i, q := range order {
		g.Go(func() error { changed[i], errs[i] = t.changed(ctx, q); return nil })
	}
	_ = g.Wait()
	var found source.Findings
	for i, q := range order {
		for _, ref := range asked[q] {
			found.Add(ref, changed[i], errs[i])
		}
	}
	return found.Result()
}

func (t *Table) changed(ctx context.Context, q question) (bool, error) {
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case q.trace.Version == "" && !q.trace.Absent:
		return true, nil
	case q.version != "":
		return t.pinnedChanged(ctx, q)
	case q.trace.Size > probeUnit && !q.trace.Absent:
		in := queryName(q.name)
		in.KeyConditionExpression = "#n = :n AND #v > :v"
		in.ExpressionAttributeNames["#v"] = versionAttr
		in.ExpressionAttributeValues[":v"] = value{q.trace.Version}
		in.Limit, in.ConsistentRead = 1, false
		out, err := t.read(ctx, "Query", in)
		return err == nil && len(out.Items) > 0, err
	}
	item, err := t.newest(ctx, q.name, false)
	return differs(q.trace, item, err)
}

// pinnedChanged looks for a version in the forms that a fetch would try, up to
// the one that was found.
func (t *Table) pinnedChanged(ctx context.Context, q question) (bool, error) {
	if q.trace.Size > probeUnit && !q.trace.Absent {
		return false, nil
	}
	for _, v := range credstash.Candidates(q.version) {
		item, err := t.get(ctx, q.name, v, false)
		if !errors.Is(err, source.ErrNotFound) {
			return differs(q.trace, item, err)
		}
	}
	return !q.trace.Absent, nil
}

// differs compares what was seen with what a look has found.
func differs(seen source.Trace, item credstash.Item, err error) (bool, error) {
	if errors.Is(err, source.ErrNotFound) {
		return !seen.Absent, nil
	}
	return seen.Absent || item.Version != seen.Version || credstash.Mark(item) != seen.Mark, err
}
