package fleet

import (
	"fmt"
	"strings"
	"time"
)

// The table stands between these lines of docs/fleet.md.
const (
	PageBegin = "<!-- make fleet wrote this -->\n"
	PageEnd   = "<!-- to here -->\n"
)

// ticks of a month of 30 days, one every minute.
const ticks = 30 * 24 * 60

// Measured is one fleet measured three times.
type Measured struct {
	Together Result // all tick in the same second
	Splayed  Result
	Naive    Result // splayed, each tick a whole render
}

// Table is what docs/fleet.md shows.
func Table(fleets []Measured) string {
	var b strings.Builder
	b.WriteString("| hosts | | requests | busiest second | mean per second | KMS calls | read units | refused | the last host has it after | costs |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, m := range fleets {
		t, s := m.Together, m.Splayed
		rows := []struct {
			what string
			span Span
			done time.Duration
		}{
			{"unchanged run, together", t.Quiet, 0}, {"unchanged run, splayed", s.Quiet, 0},
			{"full refresh, together", t.Full, 0}, {"full refresh, splayed", s.Full, 0},
			{"one secret rotated, together", t.Rotation, t.Rotated}, {"one secret rotated, splayed", s.Rotation, s.Rotated},
			{"all reboot in one second", t.Reboot, t.Booted},
			{"without a probe, each tick, splayed", m.Naive.Reboot, m.Naive.Booted},
		}
		for _, r := range rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", thousands(t.Hosts), r.what, row(r.span, r.done))
		}
	}
	b.WriteString("\n| hosts | a month of ticks, one a minute | KMS calls | read units | costs |\n|---|---|---|---|---|\n")
	for _, m := range fleets {
		for _, r := range []struct {
			what string
			c    Count
		}{{"credrender, a full refresh every tenth tick", m.Month()}, {"without a probe", times(m.Naive.Reboot.Count, ticks)}} {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", thousands(m.Together.Hosts), r.what, thousands(r.c.KMS), thousands(int(r.c.Units)), dollars(r.c))
		}
	}
	return b.String()
}

// Month is what a month of quiet minutes costs, a full look among ten.
func (m Measured) Month() Count {
	const between = int(fullRefresh / Every)
	c := times(m.Splayed.Quiet.Count, ticks/between*(between-1))
	c.add(times(m.Splayed.Full.Count, ticks/between))
	return c
}

func times(c Count, n int) Count {
	return Count{Requests: c.Requests * n, KMS: c.KMS * n, Units: c.Units * float64(n), Throttled: c.Throttled * n}
}

func row(s Span, done time.Duration) string {
	after := ""
	if done > 0 {
		after = fmt.Sprintf("%.0f s", max(1, done.Seconds()))
	}
	return strings.Join([]string{
		thousands(s.Requests), thousands(s.Peak), thousands(int(s.Mean() + 0.5)), thousands(s.KMS),
		thousands(int(s.Units)), thousands(s.Throttled), after, dollars(s.Count),
	}, " | ")
}

func dollars(c Count) string {
	if d := c.Dollars(); d < 10 {
		return fmt.Sprintf("$%.4f", d)
	}
	return "$" + thousands(int(c.Dollars()+0.5))
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
