package fleet

import "time"

// Prices in dollars, us-east-1, tables on demand: KMS as of March 2026
// (https://aws.amazon.com/kms/pricing/), DynamoDB as reported since its price was
// halved in November 2024. Free tiers are left out.
const (
	PerKMSCall  = 0.03 / 10_000
	PerReadUnit = 0.125 / 1_000_000
)

// Count is what was asked of AWS in some time.
type Count struct {
	Requests  int     // of both services, refused ones too
	KMS       int     // calls that were carried out
	Units     float64 // read units
	Throttled int     // requests that were refused by a quota
}

// Dollars is what AWS charges for it: refused requests are free.
func (c Count) Dollars() float64 {
	return float64(c.KMS)*PerKMSCall + c.Units*PerReadUnit
}

func (c *Count) add(o Count) {
	c.Requests += o.Requests
	c.KMS += o.KMS
	c.Units += o.Units
	c.Throttled += o.Throttled
}

// ledger counts by the second.
type ledger map[int64]*Count

func (l ledger) at(t time.Time) *Count {
	c := l[t.Unix()]
	if c == nil {
		c = &Count{}
		l[t.Unix()] = c
	}
	return c
}

// Span is what was asked in some time, and how that was spread.
type Span struct {
	Count
	Length  time.Duration
	Peak    int // requests in the busiest second
	PeakKMS int // KMS calls in the busiest second
}

// Mean is the requests of an average second.
func (s Span) Mean() float64 { return float64(s.Requests) / s.Length.Seconds() }

// span sums up the seconds from from up to but not including to.
func (l ledger) span(from, to time.Time) Span {
	s := Span{Length: to.Sub(from)}
	for second := from.Unix(); second < to.Unix(); second++ {
		if c := l[second]; c != nil {
			s.add(*c)
			s.Peak, s.PeakKMS = max(s.Peak, c.Requests), max(s.PeakKMS, c.KMS)
		}
	}
	return s
}
