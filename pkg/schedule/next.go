package schedule

import "time"

// Next returns the first time after t at which s is due, to the second; the
// zero time if there is none within five years.
//
// Where clocks are put forward, a stated hour that does not exist is due at
// the moment of the change; where they are put back, one that comes twice is
// due the first time alone: a nightly job runs once on both days. What goes by
// * hours runs by the clock: a * minute does not notice the change. @every
// counts from t.
func (s Schedule) Next(t time.Time) time.Time {
	switch {
	case s.every > 0:
		return t.Add(s.every).Truncate(time.Second)
	case s.cron == nil:
		return time.Time{}
	case !s.byWall:
		return s.cron.Next(t)
	}
	zone := s.zone
	if zone == nil {
		zone = t.Location()
	}
	// The times that the wall clock shows are looked through as if of a zone
	// that has no changes. At most an hour or two of them are over already.
	wall := asWall(t.In(zone))
	for range 24 * 3600 {
		if wall = s.cron.Next(wall); wall.IsZero() {
			return wall
		}
		if at := fromWall(wall, zone); at.After(t) {
			return at.In(t.Location())
		}
	}
	return time.Time{}
}

// asWall gives what the clock shows, in UTC.
func asWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// fromWall returns the first moment at which the clock of zone shows wall, or
// passes over it.
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
