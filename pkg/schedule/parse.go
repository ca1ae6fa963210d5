package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // CRON_TZ in an image without zones

	"github.com/robfig/cron/v3"
)

// ErrSpec is wrapped by the errors of [Parse].
var ErrSpec = errors.New("invalid schedule")

// MinEvery is the shortest @every.
const MinEvery = time.Second

// maxSpec bounds a spec, in bytes: "1-59" for each field takes a tenth.
const maxSpec = 512

// Schedule tells when something is due. The zero Schedule never is.
type Schedule struct {
	spec  string
	cron  cron.Schedule
	every time.Duration
	zone  *time.Location // nil: that of the time asked about
	// byWall: the hours are stated, so that days on which clocks change need
	// care; see Next.
	byWall bool
}

// Parse reads a cron expression of five fields, of six with seconds in front,
// "@hourly" and its like, or "@every 5m". CRON_TZ=Europe/Berlin (or TZ=) and a
// space may stand in front; without it times are those of the zone that Next
// is asked in.
//
// Refused, beside what is no expression: a zone without an expression, which
// panics in robfig/cron; @every of less than a second or of a fraction, which
// it rounds; days that do not exist (0 0 31 2 *), for which it searches years
// at each call. Sunday may be 7, as in crontab(5).
func Parse(spec string) (Schedule, error) {
	s, err := parse(spec)
	if err != nil {
		return Schedule{}, fmt.Errorf("%w %q: %w", ErrSpec, shorten(spec), err)
	}
	return s, nil
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
	if err == nil && !s.fires() {
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
		return nil, errors.New("the zone has no name")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
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

// setDescriptor reads @daily and its like, which are the same as fields.
func (s *Schedule) setDescriptor(fields []string) error {
	meaning := map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
		"@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}[fields[0]]
	switch {
	case meaning == "":
		return fmt.Errorf("%s is not known", shorten(fields[0]))
	case len(fields) > 1:
		return fmt.Errorf("something follows %s", fields[0])
	}
	return s.setFields(strings.Fields(meaning))
}

func (s *Schedule) setFields(fields []string) (err error) {
	if len(fields) != 5 && len(fields) != 6 {
		return fmt.Errorf("it has %d fields, not 5, or 6 with seconds", len(fields))
	}
	fields = append([]string{}, fields...)
	last := len(fields) - 1
	fields[last] = sundays(fields[last])
	hours := fields[len(fields)-4]
	s.byWall = !strings.HasPrefix(hours, "*") && !strings.HasPrefix(hours, "?")
	p := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	defer func() {
		if recover() != nil { // none is known any more; a config must not end a daemon
			err = errors.New("it cannot be understood")
		}
	}()
	parsed, err := p.Parse(strings.Join(fields, " "))
	if err != nil {
		return err
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return errors.New("it cannot be understood")
	}
	spec.Location = time.UTC // wall clock times: see Next
	if !s.byWall {
		spec.Location = time.Local // robfig's word for the zone of the time
		if s.zone != nil {
			spec.Location = s.zone
		}
	}
	s.cron = spec
	return nil
}

// fires tries two days: 29 February is seldom more than five years off, which
// is how far robfig/cron looks, but it may be.
func (s Schedule) fires() bool {
	for _, year := range []int{2001, 2024} {
		if !s.Next(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
			return true
		}
	}
	return false
}

// sundays writes the 7 of a day of the week as 0: "5-7" is "5-6,0".
func sundays(field string) string {
	parts := strings.Split(field, ",")
	for i, part := range parts {
		span, step, stepped := strings.Cut(part, "/")
		from, to, isRange := strings.Cut(span, "-")
		if isSunday := to == "7" || strings.EqualFold(to, "sun"); isRange && isSunday && from != "0" && !strings.EqualFold(from, "sun") {
			parts[i] = untilSunday(from, step, stepped, part)
		} else if from == "7" {
			parts[i] = "0"
		}
	}
	return strings.Join(parts, ",")
}

// untilSunday lists the days from a day to Sunday, by step.
func untilSunday(from, step string, stepped bool, part string) string {
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	first := 7
	for d, name := range days {
		if from == fmt.Sprint(d) || strings.EqualFold(from, name) {
			first = d
		}
	}
	by := 1
	if stepped {
		by = 0
		for d := 1; d <= 7; d++ {
			if step == fmt.Sprint(d) {
				by = d
			}
		}
	}
	if by == 0 || first == 7 && from != "7" {
		return part // robfig/cron says what is wrong with it
	}
	var list []string
	for d := first; d <= 7; d += by {
		list = append(list, fmt.Sprint(d%7))
	}
	return strings.Join(list, ",")
}

// shorten keeps a spec that is no spec out of the way of the message.
func shorten(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}

// String is the spec as it was written.
func (s Schedule) String() string { return s.spec }

// IsZero reports whether there is no schedule.
func (s Schedule) IsZero() bool { return s.cron == nil && s.every == 0 }
