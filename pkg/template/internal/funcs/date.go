package funcs

import "time"

// Clock is what dates depend on outside the template.
type Clock interface {
	// Now returns the time of the run.
	Now() (time.Time, error)
	// Zone returns a time zone by name, the host's own for "Local".
	Zone(name string) (*time.Location, error)
}

// dates are Sprig's functions that read the process's clock, its zone or the
// zone files: the same over a Clock. A zone that is not known is an error,
// where Sprig takes UTC.
func dates(base map[string]any) map[string]any {
	round := base["durationRound"].(func(any) string)
	return map[string]any{
		"now": func(c Clock) (time.Time, error) { return c.Now() },
		"ago": func(c Clock, date any) (string, error) {
			now, err := c.Now()
			return now.Sub(toTime(date, now)).Round(time.Second).String(), err
		},
		"date":           func(c Clock, layout string, date any) (string, error) { return format(c, layout, date, "Local") },
		"dateInZone":     format,
		"date_in_zone":   format,
		"htmlDate":       func(c Clock, date any) (string, error) { return format(c, time.DateOnly, date, "Local") },
		"htmlDateInZone": func(c Clock, date any, zone string) (string, error) { return format(c, time.DateOnly, date, zone) },
		"durationRound": func(c Clock, d any) (string, error) {
			t, ok := d.(time.Time)
			if !ok {
				return round(d), nil
			}
			now, err := c.Now()
			return round(int64(now.Sub(t))), err
		},
		"toDate": func(c Clock, layout, s string) (time.Time, error) {
			zone, err := c.Zone("Local")
			if err != nil {
				return time.Time{}, err
			}
			t, _ := time.ParseInLocation(layout, s, zone) // as Sprig: the zero time
			return t, nil
		},
		"mustToDate": func(c Clock, layout, s string) (time.Time, error) {
			zone, err := c.Zone("Local")
			if err != nil {
				return time.Time{}, err
			}
			return time.ParseInLocation(layout, s, zone)
		},
	}
}

func format(c Clock, layout string, date any, zone string) (string, error) {
	var now time.Time
	if !isTime(date) {
		var err error
		if now, err = c.Now(); err != nil {
			return "", err
		}
	}
	loc, err := c.Zone(zone)
	if err != nil {
		return "", err
	}
	return toTime(date, now).In(loc).Format(layout), nil
}

func isTime(date any) bool {
	switch date := date.(type) {
	case time.Time, int64, int, int32:
		return true
	case *time.Time:
		return date != nil
	}
	return false
}

// toTime reads a date as Sprig does: a time, or seconds since 1970, or now.
func toTime(date any, now time.Time) time.Time {
	switch date := date.(type) {
	case time.Time:
		return date
	case *time.Time:
		if date != nil {
			return *date
		}
	case int64:
		return time.Unix(date, 0)
	case int:
		return time.Unix(int64(date), 0)
	case int32:
		return time.Unix(int64(date), 0)
	}
	return now
}
