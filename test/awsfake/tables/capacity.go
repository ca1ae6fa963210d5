package tables

import (
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// readUnits is what DynamoDB charges for size bytes: a unit for 4 KB, half for an
// eventual read, one unit or half at least; a write unit is 1 KB
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
func readUnits(size int, consistent bool) float64 {
	units := float64(max(1, (size+4095)/4096))
	if !consistent {
		return units / 2
	}
	return units
}

func writeUnits(size int) float64 { return float64(max(1, (size+1023)/1024)) }

// bucket is provisioned capacity: it fills at so many units a second, and keeps
// what is unused for the length of a burst. A zero rate never runs out.
type bucket struct {
	rate, size float64 // units a second, units
	tokens     float64
	filled     time.Time
}

// newBucket is full, as AWS's are once a table has been idle for a while. It
// holds a second's worth at least.
func newBucket(rate int64, burst time.Duration, now time.Time) bucket {
	if burst == 0 {
		return bucket{}
	}
	size := float64(rate) * max(1, burst.Seconds())
	return bucket{rate: float64(rate), size: size, tokens: size, filled: now}
}

func (b *bucket) empty(now time.Time) { b.tokens, b.filled = 0, now }

// take pays for a request, or says that it cannot be paid for. What costs more
// than the bucket holds passes when it is full, and leaves a debt: else it
// could never be read. How AWS treats such a request is not documented.
func (b *bucket) take(units float64, now time.Time) bool {
	if b.rate == 0 {
		return true
	}
	b.tokens = min(b.size, b.tokens+now.Sub(b.filled).Seconds()*b.rate)
	b.filled = now
	if b.tokens < min(units, b.size) {
		return false
	}
	b.tokens -= units
	return true
}

// read and write charge a request's capacity units, or throttle it.
func (r *Region) read(c *wire.Request, t *table, units float64) error {
	if !t.reads.take(units, r.opts.Now()) {
		return throttled(t, "Read")
	}
	c.ReadUnits += units
	return nil
}

func (r *Region) write(c *wire.Request, t *table, units float64) error {
	if !t.writes.take(units, r.opts.Now()) {
		return throttled(t, "Write")
	}
	c.WriteUnits += units
	return nil
}

func throttled(t *table, kind string) error {
	return &wire.Error{
		Code:    "ProvisionedThroughputExceededException",
		Message: "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
		Extra: map[string]any{"ThrottlingReasons": []map[string]string{
			{"reason": "Table" + kind + "ProvisionedThroughputExceeded", "resource": t.arn},
		}},
	}
}

// consumption is asked for with ReturnConsumedCapacity.
type consumption struct{ ReturnConsumedCapacity string }

// into adds what was consumed to an output, where it was asked for.
func (c consumption) into(out map[string]any, t *table, units float64) map[string]any {
	if c.wanted() {
		out["ConsumedCapacity"] = consumed(t, units)
	}
	return out
}

func (c consumption) wanted() bool {
	return c.ReturnConsumedCapacity == "TOTAL" || c.ReturnConsumedCapacity == "INDEXES"
}

func consumed(t *table, units float64) map[string]any {
	return map[string]any{"TableName": t.name, "CapacityUnits": units}
}
