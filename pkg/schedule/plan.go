package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// Entry is an ID with a schedule.
type Entry struct {
	ID       string
	Schedule Schedule      // zero: due at the start and when triggered only
	Splay    time.Duration // the host's share of it is added to each time
}

// Due is a set of entries that are due together, in the order of the plan.
type Due struct {
	IDs []string
	// Skipped counts, by ID, the scheduled times that passed without a run,
	// because the previous run took too long or the machine slept. It counts up
	// to MaxSkipped.
	Skipped map[string]int
}

// MaxSkipped is the largest count in Due.Skipped.
const MaxSkipped = 1000

// Plan holds when each entry is due next. It reads no clock. Its methods are not
// safe for concurrent use.
type Plan struct {
	host  string
	items []*item
}

type item struct {
	Entry
	at    time.Time // when it is due; zero: not by itself
	tick  time.Time // the scheduled time that at is derived from; zero: at is not scheduled
	retry bool      // at is a retry, which replaces the schedule
}

// NewPlan returns an empty plan. The name of the host decides its shares of
// splays.
func NewPlan(host string) *Plan { return &Plan{host: host} }

// Set replaces the entries. An entry that existed with the same schedule and splay keeps
// its time; otherwise frequent reloads would delay @every forever. A new entry is due at
// once.
func (p *Plan) Set(now time.Time, entries []Entry) {
	var items []*item
	for _, e := range entries {
		i := slices.IndexFunc(p.items, func(it *item) bool { return it.ID == e.ID })
		switch {
		case i < 0:
			items = append(items, &item{Entry: e, at: now})
		case same(p.items[i].Entry, e):
			items = append(items, p.items[i])
		default:
			it := &item{Entry: e}
			p.follow(it, now)
			items = append(items, it)
		}
	}
	p.items = items
}

func same(a, b Entry) bool { return a.Schedule.Equal(b.Schedule) && a.Splay == b.Splay }

// follow sets the time of an item from its schedule.
func (p *Plan) follow(it *item, now time.Time) {
	it.tick, it.at = it.Next(p.host, now)
	it.retry = false
}

// Next returns the first scheduled time after now, and when host runs: later by
// its share of the splay, but before the scheduled time after it. Both are zero if
// the schedule has no more times.
func (e Entry) Next(host string, now time.Time) (tick, at time.Time) {
	tick = e.Schedule.Next(now)
	if tick.IsZero() {
		return tick, tick
	}
	limit := e.Splay
	if after := e.Schedule.Next(tick); !after.IsZero() {
		limit = min(limit, after.Sub(tick))
	}
	return tick, tick.Add(Splay(host, limit))
}

// All makes every entry due now.
func (p *Plan) All(now time.Time) {
	for _, it := range p.items {
		it.at, it.retry = now, false
	}
}

// Sooner makes an entry due at a time, unless it is due before that.
func (p *Plan) Sooner(id string, at time.Time) {
	for _, it := range p.items {
		if it.ID == id && (it.at.IsZero() || at.Before(it.at)) {
			it.at = at
		}
	}
}

// Hold makes an entry due at a time instead of at its next scheduled one. After
// that it follows its schedule again. A failed run is retried this way, sooner than
// a rare schedule and later than a frequent one would.
func (p *Plan) Hold(id string, at time.Time) {
	for _, it := range p.items {
		if it.ID == id {
			it.at, it.tick, it.retry = at, time.Time{}, true
		}
	}
}

// Next returns when the first entry is due; false: none is due by itself.
func (p *Plan) Next() (at time.Time, ok bool) {
	for _, it := range p.items {
		if !it.at.IsZero() && (!ok || it.at.Before(at)) {
			at, ok = it.at, true
		}
	}
	return at, ok
}

// When returns when an entry is due next; zero: it is not due by itself.
func (p *Plan) When(id string) time.Time {
	for _, it := range p.items {
		if it.ID == id {
			return it.at
		}
	}
	return time.Time{}
}

// Take returns the entries that are due now, and sets their next times. If the
// clock was set back, it moves entries that are not due yet to the earlier time.
func (p *Plan) Take(now time.Time) Due {
	var d Due
	for _, it := range p.items {
		if it.at.IsZero() {
			continue
		}
		if it.at.After(now) {
			p.replan(it, now)
			continue
		}
		d.IDs = append(d.IDs, it.ID)
		if n := it.skipped(now); n > 0 {
			if d.Skipped == nil {
				d.Skipped = map[string]int{}
			}
			d.Skipped[it.ID] = n
		}
		p.follow(it, now)
	}
	return d
}

// replan sets an earlier time for an item if the clock was set back.
func (p *Plan) replan(it *item, now time.Time) {
	const longestRetry = 2 * time.Hour // a retry is an hour off at most
	tick, at := it.Next(p.host, now)
	switch {
	case it.retry && it.at.Sub(now) > longestRetry:
		it.at = now
	case !it.retry && !at.IsZero() && at.Before(it.at):
		it.tick, it.at = tick, at
	}
}

// skipped counts the scheduled times after the one that is due, up to now.
func (it *item) skipped(now time.Time) (n int) {
	if it.tick.IsZero() {
		return 0
	}
	for t := it.Schedule.Next(it.tick); !t.IsZero() && !t.After(now) && n < MaxSkipped; t = it.Schedule.Next(t) {
		n++
	}
	return n
}

// Splay returns the delay of host, from 0 up to but not including limit. It
// returns the same delay at each call: with a fixed share, the load of a fleet has
// the same shape every time, and a host can be found by when it runs. Hosts are
// spread evenly. A limit of 0 or less gives 0.
func Splay(host string, limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(host))
	return time.Duration(binary.BigEndian.Uint64(sum[:8]) % uint64(limit))
}
