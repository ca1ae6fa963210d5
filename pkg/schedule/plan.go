package schedule

import (
	"slices"
	"time"
)

// Entry is something with a schedule.
type Entry struct {
	ID       string
	Schedule Schedule      // zero: due at the start and when triggered alone
	Splay    time.Duration // this host's share of it is added to each tick
}

// Due is a set of entries that are due together, in the order of the plan.
type Due struct {
	IDs []string
	// Skipped counts, by ID, the ticks that passed unused: the last run took
	// too long, or the machine slept. Counted up to MaxSkipped.
	Skipped map[string]int
}

// MaxSkipped is how many skipped ticks of one entry are counted.
const MaxSkipped = 1000

// Plan knows when each entry is due next. It reads no clock. Its methods are
// not safe for concurrent use.
type Plan struct {
	host  string
	items []*item
}

type item struct {
	Entry
	at   time.Time // due then; zero: not by itself
	tick time.Time // the tick that at is the splayed time of; zero: not by schedule
	hold bool      // at is a retry that stands in for the schedule
}

// NewPlan returns an empty plan; host decides its shares of splays.
func NewPlan(host string) *Plan { return &Plan{host: host} }

// Set replaces the entries. One that was there with the same schedule and splay
// keeps its time, so that reloads at short intervals do not put @every off for
// ever; a new one is due at once.
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

func same(a, b Entry) bool { return a.Schedule.spec == b.Schedule.spec && a.Splay == b.Splay }

// follow sets an item's time by its schedule.
func (p *Plan) follow(it *item, now time.Time) {
	it.tick, it.at = it.Next(p.host, now)
	it.hold = false
}

// Next returns the first tick after now, and the time of host for it: never past
// the tick after it, however long the splay is. Both are zero where there is
// none.
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
		it.at, it.hold = now, false
	}
}

// Sooner makes an entry due at a time, unless it is due before.
func (p *Plan) Sooner(id string, at time.Time) {
	for _, it := range p.items {
		if it.ID == id && (it.at.IsZero() || at.Before(it.at)) {
			it.at = at
		}
	}
}

// Hold makes an entry due at a time instead of by its schedule, which counts
// again from then on: what fails is tried again sooner than a rare tick and
// later than a frequent one.
func (p *Plan) Hold(id string, at time.Time) {
	for _, it := range p.items {
		if it.ID == id {
			it.at, it.tick, it.hold = at, time.Time{}, true
		}
	}
}

// Next is when the first entry is due; false: none will be by itself.
func (p *Plan) Next() (at time.Time, ok bool) {
	for _, it := range p.items {
		if !it.at.IsZero() && (!ok || it.at.Before(at)) {
			at, ok = it.at, true
		}
	}
	return at, ok
}

// When returns when an entry is due next; zero: not by itself.
func (p *Plan) When(id string) time.Time {
	for _, it := range p.items {
		if it.ID == id {
			return it.at
		}
	}
	return time.Time{}
}

// Take returns what is due now, and sets its next times. A clock that was set
// back delays nothing: what would be due sooner by the clock as it is now is
// planned anew.
func (p *Plan) Take(now time.Time) Due {
	var d Due
	for _, it := range p.items {
		if it.at.IsZero() {
			continue
		}
		if it.at.After(now) {
			p.mend(it, now)
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

// mend plans an item anew where the clock was set back by more than it waits.
func (p *Plan) mend(it *item, now time.Time) {
	const longestHold = 2 * time.Hour // hooks that are owed wait an hour at most
	tick, at := it.Next(p.host, now)
	switch {
	case it.hold && it.at.Sub(now) > longestHold:
		it.at = now
	case !it.hold && !at.IsZero() && at.Before(it.at):
		it.tick, it.at = tick, at
	}
}

// skipped counts the ticks after the one that is due, up to now.
func (it *item) skipped(now time.Time) (n int) {
	if it.tick.IsZero() {
		return 0
	}
	for t := it.Schedule.Next(it.tick); !t.IsZero() && !t.After(now) && n < MaxSkipped; t = it.Schedule.Next(t) {
		n++
	}
	return n
}
