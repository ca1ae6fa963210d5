package dynamo

import (
	"context"
	"errors"
	"sync"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

const (
	// probeUnit is the number of bytes that an eventually consistent read returns for
	// half a read unit
	// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
	probeUnit = 4096
	// probeConcurrency limits the concurrent requests of one probe, like the limit of a
	// store's fetch.
	probeConcurrency = 256
)

var _ source.Prober = (*Table)(nil)

// question identifies the request of a probe. It has no context, because DynamoDB does
// not know contexts. Equal questions share one request.
type question struct {
	name, version string
	trace         source.Trace
}

func questionOf(k source.Known) question { return question{k.Ref.Name, k.Ref.Version, k.Trace} }

// Probe implements source.Prober. It costs half a read unit for each secret, whatever its
// size, and sends no request to KMS. Reads are eventually consistent: a probe may miss a
// write of the last second, which the next probe sees.
//
// For an item of up to 4 KB, Probe sees all changes: a newer version, a deleted version,
// or one that was replaced. A larger item would cost in proportion to its size. For it,
// Probe sees only a newer version, and does not check a pinned version at all. A full
// refresh sees the rest.
func (t *Table) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	answers := map[question]func() (bool, error){}
	for _, k := range known {
		q := questionOf(k)
		answers[q] = sync.OnceValues(func() (bool, error) { return t.changed(ctx, q) })
	}
	return source.ProbeEach(known, probeConcurrency, func(k source.Known) (bool, error) { return answers[questionOf(k)]() })
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

// pinnedChanged looks for a version in the forms that a fetch would try, up to the one
// that the last fetch found.
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

// differs compares the recorded trace with the result of a probe.
func differs(seen source.Trace, item credstash.Item, err error) (bool, error) {
	if errors.Is(err, source.ErrNotFound) {
		return !seen.Absent, nil
	}
	return seen.Absent || item.Version != seen.Version || credstash.Mark(item) != seen.Mark, err
}
