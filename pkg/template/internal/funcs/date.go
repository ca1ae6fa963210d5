package funcs

import (
	"math"
	"strings"
	"time"
)

// Clock is what dates depend on outside the template.
type Clock interface {
	// Now returns the time of the run.
	Now() (time.Time, error)
	// Zone returns a time zone by name, the host's own for "Local".
	Zone(name string) (*time.Location, error)
}

// The functions of dates are Sprig's, over a Clock. Sprig's take the present for
// a date that they do not understand, UTC for a zone that they do not know, and
// nothing for a duration that is none.

func now(c Clock) (time.Time, error) { return c.Now() }

func ago(c Clock, date any) (string, error) {
	t, err := instant(date)
	if err != nil {
		return "", err
	}
	now, err := c.Now()
	return now.Sub(t).Round(time.Second).String(), err
}

func date(c Clock, layout string, date any) (string, error) { return dateIn(c, layout, date, "Local") }

func htmlDate(c Clock, date any) (string, error) { return dateIn(c, time.DateOnly, date, "Local") }

func htmlDateIn(c Clock, date any, zone string) (string, error) {
	return dateIn(c, time.DateOnly, date, zone)
}

func dateIn(c Clock, layout string, date any, zone string) (string, error) {
	t, err := instant(date)
	if err != nil {
		return "", err
	}
	if err := checkLayout(layout); err != nil {
		return "", err
	}
	loc, err := c.Zone(zone)
	if err != nil {
		return "", err
	}
	return t.In(loc).Format(layout), nil
}

// instant reads a date: a time, or seconds since 1970.
func instant(date any) (time.Time, error) {
	switch d := date.(type) {
	case time.Time:
		return d, nil
	case *time.Time:
		if d != nil {
			return *d, nil
		}
		return time.Time{}, Problem("its date is nil; use now for the time of the run")
	case string:
		return time.Time{}, Problem("its date is a string; use toDate LAYOUT X first, or int64 for seconds since 1970")
	case nil:
		return time.Time{}, Problem("its date is nil; use now for the time of the run")
	}
	seconds, err := Count(date)
	if err != nil {
		return time.Time{}, Problem("its date is neither a time nor a whole number of seconds since 1970")
	}
	return time.Unix(seconds, 0), nil
}

// checkLayout refuses a layout of another notation, which would be printed as it
// is: YYYY-MM-DD, %Y-%m-%d.
func checkLayout(layout string) error {
	one := time.Date(2001, 2, 3, 4, 5, 6, 7_000_000, time.UTC)
	other := time.Date(2012, 11, 21, 20, 39, 48, 910_000_000, time.FixedZone("X", 3600))
	if one.Format(layout) == other.Format(layout) {
		return &Failure{Text: "its layout " + layout + " contains no part of a date in Go's notation: 2006-01-02 15:04:05",
			Safe: "its layout contains no part of a date in Go's notation: 2006-01-02 15:04:05"}
	}
	for _, foreign := range []string{"YYYY", "yyyy", "%Y", "%m", "%d", "%H"} {
		if strings.Contains(layout, foreign) {
			return Problem("its layout contains " + foreign + ", which Go does not support: 2006-01-02 15:04:05")
		}
	}
	return nil
}

func toDate(c Clock, layout, s string) (time.Time, error) {
	if err := checkLayout(layout); err != nil { // it would make the year 0 of itself
		return time.Time{}, err
	}
	zone, err := c.Zone("Local")
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.ParseInLocation(layout, s, zone)
	if err != nil {
		return time.Time{}, err
	}
	// For an abbreviation that it does not know time.Parse makes up a zone without
	// an offset (https://pkg.go.dev/time#Parse).
	if name, offset := t.Zone(); offset == 0 && t.Location() != zone && t.Location() != time.UTC && name != "UTC" && name != "GMT" && name != "" {
		return time.Time{}, Problem("its time zone is an unknown abbreviation; use an offset: -0700 in the layout")
	}
	return t, nil
}

func dateModify(change string, date time.Time) (time.Time, error) {
	d, err := time.ParseDuration(change)
	if err != nil {
		return time.Time{}, notDuration(err)
	}
	return date.Add(d), nil
}

func notDuration(err error) error {
	return &Failure{Text: err.Error() + ", such as 1h30m (the largest unit is h)", Safe: "its input is not a duration, such as 1h30m (the largest unit is h)"}
}

// duration writes a number of seconds as 1m35s.
func duration(seconds any) (string, error) {
	if s, ok := seconds.(string); ok && strings.Trim(s, "0123456789+-") != "" {
		return "", Problem("its input is not a whole number of seconds")
	}
	i, err := whole(seconds, false)
	if err != nil {
		return "", Argument(0, err)
	}
	const most = int64(math.MaxInt64 / time.Second)
	if !i.IsInt64() || i.Int64() > most || i.Int64() < -most {
		return "", Problem("the duration is longer than 292 years")
	}
	return (time.Duration(i.Int64()) * time.Second).String(), nil
}

// overDurationRound checks the argument of Sprig's durationRound: a duration, a
// time, or nanoseconds. It keeps the sign, which Sprig's drops.
func overDurationRound(own any) any {
	round := func(n int64) string {
		text := own.(func(any) string)(n)
		if n < 0 {
			text = "-" + text
		}
		return text
	}
	return func(c Clock, d any) (string, error) {
		switch d := d.(type) {
		case time.Time:
			now, err := c.Now()
			return round(int64(now.Sub(d))), err
		case string:
			parsed, err := time.ParseDuration(d)
			if err != nil {
				return "", notDuration(err)
			}
			return round(int64(parsed)), nil
		}
		n, err := Count(d)
		if err != nil {
			return "", Argument(0, err)
		}
		if n != 0 && n > -int64(time.Second) && n < int64(time.Second) {
			return "", Problem("a number means nanoseconds, and this is less than a second; for seconds: duration X | durationRound")
		}
		return round(n), nil
	}
}
