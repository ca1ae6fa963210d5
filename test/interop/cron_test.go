//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/schedule"
)

// cronCase is an expression, and when it is asked for its next times.
type cronCase struct {
	spec, zone string
	start      int64
}

const cronTimes = 5 // of each case that are compared

// 10,000 random expressions against two Python packages: cronsim, which follows
// Debian's cron on days of a clock change too, and croniter with cron's rule for
// days. Every difference must be one of those listed in cronDifference.
func TestCronAgainstPython(t *testing.T) {
	python := program(t, "python3")
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import croniter, cronsim").CombinedOutput(); err != nil {
		t.Skipf("python3 has no croniter or no cronsim (pip install croniter cronsim): %s", out)
	}
	random := rand.New(rand.NewPCG(1, 2))
	cases := make([]cronCase, 10_000)
	for i := range cases {
		cases[i] = randomCron(random)
	}
	listed := map[string]int{}
	examples := map[string]string{}
	unlisted := 0
	for i, theirs := range askPython(t, python, cases) {
		ours := nextOfOurs(cases[i])
		for k, name := range []string{"cronsim", "croniter"} {
			if slices.Equal(ours, theirs[k]) && (ours == nil) == (theirs[k] == nil) {
				continue
			}
			why := cronDifference(name, cases[i], ours, theirs[k])
			if why == "" {
				if unlisted++; unlisted <= 20 {
					t.Errorf("%s: %q in %s after %v:\nours %v\n%s %v", name, cases[i].spec, cases[i].zone, time.Unix(cases[i].start, 0).UTC(), stamps(cases[i], ours), name, stamps(cases[i], theirs[k]))
				}
				continue
			}
			listed[name+": "+why]++
			examples[name+": "+why] = cases[i].spec
		}
	}
	if unlisted > 0 {
		t.Errorf("%d differences are not listed", unlisted)
	}
	for _, why := range slices.Sorted(maps.Keys(listed)) {
		t.Logf("%5d of %d: %s (%s)", listed[why], len(cases), why, examples[why])
	}
}

// cronDifference returns why an expression differs by intention, or "".
func cronDifference(name string, c cronCase, ours, theirs []int64) string {
	fields := strings.Fields(c.spec)
	switch {
	case ours == nil && hasLargeStep(fields):
		return "a step larger than its field is refused here"
	case name == "croniter" && hasRange(fields, func(first, last int) bool { return first >= last }):
		return "croniter wraps a range that ends where or before it begins"
	case ours == nil && strings.Contains(fields[2], "L"):
		return "L in a list, or with a day of the week, is refused here"
	case theirs == nil && strings.Contains(fields[2]+fields[4], "?"):
		return name + " has no ? for a day"
	case name == "croniter" && cronWholeWeek.MatchString(fields[4]):
		return "croniter takes 0-7 and 1-7 as an unrestricted day of the week, and 7/2 as 0/2"
	case name == "croniter" && ours != nil && runsTwice(c, theirs) && !runsTwice(c, ours):
		return "croniter runs fixed times twice where an hour comes twice"
	case name == "cronsim" && c.zone == "Australia/Lord_Howe" && len(theirs) == len(ours):
		return "cronsim skips 30 minutes or more after Lord Howe's change of 30 minutes"
	case name == "cronsim" && cronSteppedOne.MatchString(c.spec) && hasRange(fields, func(first, last int) bool { return first == last }):
		return "cronsim reads 5-5/2 as 5/2"
	case name == "cronsim" && cronOpenDays.MatchString(fields[4]):
		return "cronsim counts 5/1 as a day of the week up to 7, Sunday"
	}
	return ""
}

// runsTwice reports whether the wall clock shows two of the times alike.
func runsTwice(c cronCase, list []int64) bool {
	seen := map[string]bool{}
	for _, text := range stamps(c, list) {
		wall := text[:len("2006-01-02 15:04:05")]
		if seen[wall] {
			return true
		}
		seen[wall] = true
	}
	return false
}

var (
	cronWholeWeek  = regexp.MustCompile(`[01]-7|7/\d`)
	cronStep       = regexp.MustCompile(`/(\d+)`)
	cronRange      = regexp.MustCompile(`(\d+)-(\d+)`)
	cronSteppedOne = regexp.MustCompile(`\d-\d+/\d`)
	cronOpenDays   = regexp.MustCompile(`(^|,)\d/\d`)
)

func hasLargeStep(fields []string) bool {
	for i, size := range []int{60, 24, 31, 12, 7} {
		for _, m := range cronStep.FindAllStringSubmatch(fields[i], -1) {
			if n, _ := strconv.Atoi(m[1]); n > size {
				return true
			}
		}
	}
	return false
}

func hasRange(fields []string, is func(first, last int) bool) bool {
	for _, f := range fields {
		for _, m := range cronRange.FindAllStringSubmatch(f, -1) {
			first, _ := strconv.Atoi(m[1])
			last, _ := strconv.Atoi(m[2])
			if is(first, last) {
				return true
			}
		}
	}
	return false
}

func nextOfOurs(c cronCase) (list []int64) {
	s, err := schedule.Parse("CRON_TZ=" + c.zone + " " + c.spec)
	if err != nil {
		return nil
	}
	for _, at := range s.Runs(time.Unix(c.start, 0), cronTimes) {
		list = append(list, at.Unix())
	}
	return list
}

func stamps(c cronCase, list []int64) (texts []string) {
	zone, _ := time.LoadLocation(c.zone)
	for _, at := range list {
		texts = append(texts, time.Unix(at, 0).In(zone).Format("2006-01-02 15:04:05 MST"))
	}
	return texts
}

// askPython returns for each case the times of cronsim and of croniter.
func askPython(t *testing.T, python string, cases []cronCase) (answers [][2][]int64) {
	t.Helper()
	var in, out, stderr bytes.Buffer
	for _, c := range cases {
		line, err := json.Marshal([]any{c.spec, c.zone, c.start, cronTimes})
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/cron_runs.py")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for d := json.NewDecoder(&out); d.More(); {
		var a [2][]int64
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d cases", len(answers), len(cases))
	}
	return answers
}

// randomCron makes an expression that is likely to be accepted, and a start that is
// often just before a change of clocks.
func randomCron(r *rand.Rand) cronCase {
	fields := []string{
		randomField(r, 0, 59, nil), randomField(r, 0, 23, nil), randomField(r, 1, 31, nil),
		randomField(r, 1, 12, strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")),
		randomField(r, 0, 7, strings.Fields("sun mon tue wed thu fri sat")),
	}
	starts := []time.Time{
		time.Date(2026, 3, 28, 22, 17, 3, 0, time.UTC), time.Date(2026, 10, 24, 22, 59, 59, 0, time.UTC), time.Date(2027, 2, 27, 12, 0, 0, 0, time.UTC),
	}
	return cronCase{
		spec:  strings.Join(fields, " "),
		zone:  []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}[r.IntN(4)],
		start: starts[r.IntN(len(starts))].Unix(),
	}
}

func randomField(r *rand.Rand, low, high int, names []string) string {
	if r.IntN(3) == 0 {
		return "*"
	}
	var items []string
	for range 1 + r.IntN(3)*r.IntN(2) {
		items = append(items, randomItem(r, low, high, names))
	}
	return strings.Join(items, ",")
}

func randomItem(r *rand.Rand, low, high int, names []string) string {
	value := func() int { return low + r.IntN(high-low+1) }
	first, last := value(), value()
	if last < first && r.IntN(20) > 0 {
		first, last = last, first
	}
	step := 1 + r.IntN(high-low)
	if r.IntN(20) == 0 {
		step += high
	}
	switch r.IntN(9) {
	case 0:
		return fmt.Sprintf("*/%d", step)
	case 1:
		return fmt.Sprintf("%d-%d/%d", first, last, step)
	case 2, 3:
		return fmt.Sprintf("%d-%d", first, last)
	case 4:
		return fmt.Sprintf("%d/%d", first, step)
	case 5:
		if names != nil {
			return names[r.IntN(len(names))]
		}
	case 6:
		if r.IntN(8) == 0 {
			return []string{"", "x", "?", "L", "60", "*/0", "1-", "-1", "5-1", "~"}[r.IntN(10)]
		}
	}
	return fmt.Sprint(value())
}
