// Package schedule decides when a host runs something: cron expressions that
// cannot hang or panic ([Parse]), each host's fixed share of a delay ([Splay]),
// and the loop that runs entries when they are due ([Loop]).
//
// A [Schedule] is pure: Next maps one time to another. A [Plan] holds a set of
// entries and the times at which they are due. It is pure too: the clock is an
// argument, so a test of a whole day takes a millisecond. A Loop drives a Plan by
// the clock and runs the entries that are due, one set at a time.
//
// Expressions mean what crontab(5) and cron(8) of Debian document, with the
// additions and exceptions listed at [Parse] and [Schedule.Next]. This package
// reads the fields itself, because the parser of github.com/robfig/cron/v3 panics
// on some input and differs from crontab(5) on other. The search for the next
// matching time is robfig/cron's. The zones of CRON_TZ are compiled in, because
// an image made from scratch has none.
package schedule

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // CRON_TZ in an image without zone files

	"github.com/robfig/cron/v3"
)

// ErrSpec is wrapped by the errors of [Parse].
var ErrSpec = errors.New("invalid schedule")

// MinEvery is the shortest @every.
const MinEvery = time.Second

// maxSpec bounds a spec, in bytes: "1-59" for each field takes a tenth.
const maxSpec = 512

// Schedule is a parsed schedule. The zero Schedule is never due.
type Schedule struct {
	spec  string
	cron  *cron.SpecSchedule // in UTC: see Next
	every time.Duration
	zone  *time.Location // nil: that of the time passed to Next
	// fixed: neither minute nor hour starts with *. On days on which clocks
	// change, cron treats such schedules differently; see Next.
	fixed bool
	// lastDay: the day of month is L.
	lastDay bool
	// warning is what looks like a mistake.
	warning string
}

// Parse reads a cron expression of five fields, of six with seconds in front,
// "@hourly" and its like, or "@every 5m". CRON_TZ=Europe/Berlin (or TZ=) and a
// space may precede it. Without a zone, times are in the zone of the time that is
// passed to Next.
//
// The fields are those of Debian's crontab(5): values, ranges, lists and steps;
// Sunday is 0 and 7. If neither day of month nor day of week starts with *, a day
// must match one of them, else both: "0 0 */10 * 1" is due on Mondays that are the
// 1st, 11th, 21st or 31st.
//
// Accepted beyond crontab(5): seconds; ranges and lists of names (mon-fri,
// fri-sun); "5/15" for "5-59/15"; ? for * as a day; L as the day of month, for the
// last day.
//
// Refused though cron accepts it: a step larger than its field (*/90), which runs
// at the field's first value only; days that do not exist (0 0 31 2 *); @reboot,
// since a daemon runs every job when it starts. Also refused: W, #, H and ~ of
// other programs; @every of less than a second or with a fraction.
func Parse(spec string) (Schedule, error) {
	s, err := parse(spec)
	if err != nil {
		return Schedule{}, fmt.Errorf("%w %q: %w", ErrSpec, shorten(spec), err)
	}
	return s, nil
}

// MustParse is Parse for schedules that are constants. It panics on an error.
func MustParse(spec string) Schedule {
	s, err := Parse(spec)
	if err != nil {
		panic(err)
	}
	return s
}

func parse(spec string) (Schedule, error) {
	s := Schedule{spec: spec}
	if len(spec) > maxSpec {
		return s, fmt.Errorf("longer than %d bytes", maxSpec)
	}
	fields := strings.Fields(spec)
	var err error
	if fields, err = s.setZone(fields); err != nil {
		return s, err
	}
	switch {
	case len(fields) == 0:
		return s, errors.New("it has no fields")
	case fields[0] == "@every":
		return s, s.setEvery(fields[1:])
	case strings.HasPrefix(fields[0], "@"):
		err = s.setDescriptor(fields)
	default:
		err = s.setFields(fields)
	}
	if err == nil && s.Next(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		err = errors.New("it never fires")
	}
	return s, err
}

// setZone takes a zone off the front.
func (s *Schedule) setZone(fields []string) ([]string, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	name, ok := strings.CutPrefix(fields[0], "CRON_TZ=")
	if !ok {
		if name, ok = strings.CutPrefix(fields[0], "TZ="); !ok {
			return fields, nil
		}
	}
	if name == "" {
		return nil, errors.New("the time zone is empty")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q: use a name of the IANA database, such as Europe/Berlin", shorten(name))
	}
	if name != "Local" {
		s.zone = zone
	}
	return fields[1:], nil
}

func (s *Schedule) setEvery(args []string) error {
	if len(args) != 1 {
		return errors.New("@every takes one duration, such as 5m")
	}
	d, err := time.ParseDuration(args[0])
	switch {
	case err != nil:
		return errors.New("@every takes a duration, such as 5m")
	case d < MinEvery:
		return fmt.Errorf("it is too fast: @every takes %v or more", MinEvery)
	case d%time.Second != 0:
		return errors.New("@every takes whole seconds")
	}
	s.every = d
	return nil
}

// setDescriptor reads @daily and its like, which are short for fields.
func (s *Schedule) setDescriptor(fields []string) error {
	meaning := map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
		"@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}[fields[0]]
	switch {
	case fields[0] == "@reboot":
		return errors.New("@reboot is not supported: the daemon runs every job when it starts")
	case meaning == "":
		return fmt.Errorf("%s is unknown: use @hourly, @daily, @weekly, @monthly, @yearly or @every 5m", shorten(fields[0]))
	case len(fields) > 1:
		return fmt.Errorf("unexpected text after %s", fields[0])
	}
	return s.setFields(strings.Fields(meaning))
}

func (s *Schedule) setFields(fields []string) error {
	switch len(fields) {
	case 5:
		fields = append([]string{"0"}, fields...)
	case 6:
		if fields[0] == "*" {
			s.warning = "the first of six fields is seconds, and * runs every second: write 0, or five fields"
		}
	default:
		return fmt.Errorf("it has %d fields, not 5, or 6 with seconds first", len(fields))
	}
	s.fixed = !isStar(fields[1]) && !isStar(fields[2])
	fields = slices.Clone(fields)
	if strings.EqualFold(fields[3], "L") && isStar(fields[5]) {
		s.lastDay, fields[3] = true, "28-31"
	}
	s.cron = &cron.SpecSchedule{Location: time.UTC}
	sets := []*uint64{&s.cron.Second, &s.cron.Minute, &s.cron.Hour, &s.cron.Dom, &s.cron.Month, &s.cron.Dow}
	for i, f := range cronFields() {
		var err error
		if *sets[i], err = f.parse(fields[i]); err != nil {
			return err
		}
	}
	return nil
}

// shorten cuts long input, so that the message stays visible.
func shorten(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}

// String returns the spec as it was written.
func (s Schedule) String() string { return s.spec }

// MarshalText returns the spec as it was written.
func (s Schedule) MarshalText() ([]byte, error) { return []byte(s.spec), nil }

// Equal reports whether two schedules have the same spec.
func (s Schedule) Equal(other Schedule) bool { return s.spec == other.spec }

// IsZero reports whether there is no schedule.
func (s Schedule) IsZero() bool { return s.cron == nil && s.every == 0 }

// Warning returns a likely mistake in the spec and how to fix it, or "".
func (s Schedule) Warning() string { return s.warning }

// Zone returns the zone that the spec states; nil: it states none.
func (s Schedule) Zone() *time.Location { return s.zone }

// NeedsZone reports whether the times of s depend on the zone of the host.
func (s Schedule) NeedsZone() bool { return s.cron != nil && s.zone == nil }

// CheckTZ checks a value of the environment variable TZ. Go falls back to UTC
// without an error where it does not know the zone.
func CheckTZ(value string) error {
	name := strings.TrimPrefix(value, ":")
	var err error
	switch {
	case name == "":
	case strings.HasPrefix(name, "/"):
		var data []byte
		if data, err = os.ReadFile(name); err == nil {
			_, err = time.LoadLocationFromTZData(name, data)
		}
	default:
		_, err = time.LoadLocation(name)
	}
	if err != nil {
		return fmt.Errorf("unknown time zone TZ=%s: use a name of the IANA database, such as Europe/Berlin", shorten(value))
	}
	return nil
}
