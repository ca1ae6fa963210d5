package schedule

import "time"

// Next returns the first time after t at which s is due, to the second; the
// zero time if there is none within 50 years. @every counts from t.
//
// On days on which clocks change, it follows Debian's cron(8). If minute and hour
// are both stated (neither starts with *), a time that clocks skip is due at the
// moment of the change, and one that comes twice is due the first time only, so
// that a nightly job runs once on both days. All other schedules follow the clock:
// "*/10 2 * * *" does not run if clocks skip the hour, and runs twelve times if it
// comes twice. Unlike cron, which ignores changes of three hours and more, Next
// treats changes of any size so; and times that fall on the same moment of a
// change are due once.
func (s Schedule) Next(t time.Time) time.Time {
	zone := s.zone
	if zone == nil {
		zone = t.Location()
	}
	var next time.Time
	switch {
	case s.every > 0:
		return t.Add(s.every).Truncate(time.Second)
	case s.cron == nil:
		return time.Time{}
	case s.fixed:
		next = s.nextFixed(t, zone)
	default:
		next = s.nextByClock(t, zone)
	}
	if next.IsZero() {
		return next
	}
	return next.In(t.Location())
}

// Runs returns the next n times after t at which s is due, in the zone that the
// spec states, else in that of t.
func (s Schedule) Runs(t time.Time, n int) (list []time.Time) {
	if s.zone != nil {
		t = t.In(s.zone)
	}
	for range n {
		if t = s.Next(t); t.IsZero() {
			break
		}
		list = append(list, t)
	}
	return list
}

// nextFixed searches the times that the wall clock shows. If the clock was set back, the
// first matches have passed already, but at most those of an hour or two.
func (s Schedule) nextFixed(t time.Time, zone *time.Location) time.Time {
	wall := asWall(t.In(zone))
	for range 24 * 3600 {
		if wall = s.nextWall(wall); wall.IsZero() {
			return wall
		}
		if at := fromWall(wall, zone); at.After(t) {
			return at
		}
	}
	return time.Time{}
}

// nextByClock searches the times between one change of clocks and the next, in
// which the wall clock runs evenly.
func (s Schedule) nextByClock(t time.Time, zone *time.Location) time.Time {
	from := t.In(zone)
	after := asWall(from)
	const changes = 100 // in 50 years: a zone has two a year at most
	for range changes {
		wall := s.nextWall(after)
		if wall.IsZero() {
			return wall
		}
		_, offset := from.Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		_, change := from.ZoneBounds()
		if change.IsZero() || at.Before(change) {
			return at
		}
		// No zone is two days from UTC: changes before that make no difference.
		from = change
		if near := at.Add(-48 * time.Hour).In(zone); near.After(change) {
			from = near
		}
		after = asWall(from).Add(-time.Second)
	}
	return time.Time{} // all matches are in hours that clocks skip
}

// nextWall returns the next match on a clock without changes. robfig/cron searches
// five years; 29 February on a given weekday can be 40 years off.
func (s Schedule) nextWall(wall time.Time) time.Time {
	const searches = 10
	for range searches {
		next := s.cron.Next(wall)
		switch {
		case next.IsZero():
			wall = wall.AddDate(5, 0, 0)
		case s.lastDay && next.AddDate(0, 0, 1).Day() != 1:
			wall = time.Date(next.Year(), next.Month(), next.Day(), 23, 59, 59, 0, time.UTC)
		default:
			return next
		}
	}
	return time.Time{}
}

// asWall returns what the clock shows, as a time in UTC.
func asWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// fromWall returns the first moment at which the clock of zone shows wall, or
// skips it.
func fromWall(wall time.Time, zone *time.Location) time.Time {
	const day = 24 * time.Hour
	at := func(near time.Time) time.Time {
		_, offset := near.In(zone).Zone()
		return wall.Add(-time.Duration(offset) * time.Second).In(zone)
	}
	before, after := at(wall.Add(-day)), at(wall.Add(day))
	switch {
	case asWall(before).Equal(wall):
		return before
	case asWall(after).Equal(wall):
		return after
	}
	change, _ := before.ZoneBounds()
	return change
}
