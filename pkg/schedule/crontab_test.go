package schedule_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/schedule"
)

// Each sentence of Debian's crontab(5) about fields (cron 3.0pl1-162) that has an
// example or a rule, as the times after 2026-03-01 00:00, a Sunday.
func TestCrontab5(t *testing.T) {
	tests := []struct{ rule, spec, want string }{
		{"an asterisk stands for first-last", "* * * * *", "03-01 00:01, 03-01 00:02, 03-01 00:03"},
		{"8-11 hours", "0 8-11 * * *", "03-01 08:00, 03-01 09:00, 03-01 10:00, 03-01 11:00, 03-02 08:00"},
		{"list 1,2,5,9", "0 1,2,5,9 * * *", "03-01 01:00, 03-01 02:00, 03-01 05:00, 03-01 09:00, 03-02 01:00"},
		{"list of ranges 0-4,8-12", "30 0-1,8-9 * * *", "03-01 00:30, 03-01 01:30, 03-01 08:30, 03-01 09:30, 03-02 00:30"},
		{"0-23/2", "0 0-23/2 * * *", "03-01 02:00, 03-01 04:00, 03-01 06:00"},
		{"*/2", "0 */2 * * *", "03-01 02:00, 03-01 04:00, 03-01 06:00"},
		{"1-9/2 is 1,3,5,7,9", "0 0 1-9/2 * *", "03-03 00:00, 03-05 00:00, 03-07 00:00, 03-09 00:00, 04-01 00:00"},
		{"names of months", "0 0 1 MAY *", "05-01 00:00"},
		{"names of days", "5 4 * * sun", "03-01 04:05, 03-08 04:05"},
		{"0 is Sunday", "5 4 * * 0", "03-01 04:05, 03-08 04:05"},
		{"7 is Sunday", "5 4 * * 7", "03-01 04:05, 03-08 04:05"},
		{"0-7 is every day", "0 12 * * 0-7", "03-01 12:00, 03-02 12:00, 03-03 12:00, 03-04 12:00, 03-05 12:00, 03-06 12:00, 03-07 12:00, 03-08 12:00"},
		{"5-7", "0 12 * * 5-7", "03-01 12:00, 03-06 12:00, 03-07 12:00, 03-08 12:00"},
		{"30 4 1,15 * 5: either day", "30 4 1,15 * 5", "03-01 04:30, 03-06 04:30, 03-13 04:30, 03-15 04:30, 03-20 04:30"},
		{"five minutes after midnight", "5 0 * * *", "03-01 00:05, 03-02 00:05"},
		{"2:15pm on the first", "15 14 1 * *", "03-01 14:15, 04-01 14:15"},
		{"10 pm on weekdays", "0 22 * * 1-5", "03-02 22:00, 03-03 22:00, 03-04 22:00, 03-05 22:00, 03-06 22:00, 03-09 22:00"},
		{"23 minutes after", "23 0-23/2 * * *", "03-01 00:23, 03-01 02:23"},
		// cron takes a field as unrestricted if its first character is *.
		{"*/10 and a weekday: both", "0 0 */10 * 1", "05-11 00:00, 06-01 00:00, 08-31 00:00"},
		{"a day and */2 of the week: both", "0 0 13 * */2", "06-13 00:00, 08-13 00:00, 09-13 00:00"},
		{"*,10: both", "0 0 *,10 * 1", "03-02 00:00, 03-09 00:00, 03-16 00:00"},
		{"10,*: either, which is every day", "0 0 10,* * 1", "03-02 00:00, 03-03 00:00, 03-04 00:00"},
		{"1-31 is restricted", "0 0 1-31 * 1", "03-02 00:00, 03-03 00:00"},
		{"@yearly", "@yearly", "01-01 00:00"},
		{"@monthly", "@monthly", "04-01 00:00"},
		{"@weekly", "@weekly", "03-08 00:00"},
		{"@daily", "@daily", "03-02 00:00"},
		{"@hourly", "@hourly", "03-01 01:00"},
		// Beyond crontab(5).
		{"the last day", "0 0 L * *", "03-31 00:00, 04-30 00:00, 05-31 00:00"},
		{"the last day of February", "0 0 L 2 ?", "02-28 00:00"},
		{"a value with a step", "5/20 * * * *", "03-01 00:05, 03-01 00:25, 03-01 00:45, 03-01 01:05"},
		{"a range of names", "0 0 * * fri-sun", "03-06 00:00, 03-07 00:00, 03-08 00:00"},
		{"a step of the whole field", "*/60 */24 * * *", "03-02 00:00"},
	}
	for _, tt := range tests {
		s, err := schedule.Parse(tt.spec)
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		var got []string
		for _, at := range s.Runs(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), strings.Count(tt.want, ",")+1) {
			got = append(got, at.Format("01-02 15:04"))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", tt.rule, tt.spec, diff)
		}
	}
}

// A refusal names the field and the reason.
func TestRefusalNamesTheField(t *testing.T) {
	for _, tt := range []struct{ spec, want string }{
		{"1,2,,3 * * * *", `minute "1,2,,3": an item of the list is empty`},
		{"0 ,1 * * *", `hour ",1": an item of the list is empty`},
		{"*/90 * * * *", `minute "*/90": the step 90 is larger than the field, which has 60 values`},
		{"0 */25 * * *", `hour "*/25": the step 25 is larger`},
		{"0 0 */0 * *", `day of month "*/0": the step is 0`},
		{"0 0 */x * *", `day of month "*/x": the step "x" is not a number`},
		{"0 0 LW * *", `day of month "LW": the nearest weekday W is not supported`},
		{"0 0 15W * *", `day of month "15W": the nearest weekday W`},
		{"0 0 L-3 * *", `day of month "L-3": the last day L must be the whole field`},
		{"0 0 L * 1", `day of month "L": the last day L`},
		{"0 0 * * 5L", `day of week "5L": only the day of month can be L`},
		{"0 0 * * 1#2", `day of week "1#2": the nth weekday # is not supported`},
		{"0 0 * * fri#2", `day of week "fri#2": the nth weekday #`},
		{"H * * * *", `minute "H": the hash H (Jenkins) is not supported: write a value, and use splay`},
		{"H/15 * * * *", `minute "H/15": the hash H`},
		{"0 0~5 * * *", `hour "0~5": the random value ~ is not supported`},
		{"@reboot", "@reboot is not supported: the daemon runs every job when it starts"},
		{"@often", "@often is unknown: use @hourly"},
		{"0 0 0 * *", `day of month "0": 0 is not from 1 to 31`},
		{"0 0 * 0 *", `month "0": 0 is not from 1 to 12`},
		{"0 0 * 13 *", `month "13": 13 is not from 1 to 12`},
		{"0 0 * foo *", `month "foo": "foo" is not a number or a name from jan to dec`},
		{"0 24 * * *", `hour "24": 24 is not from 0 to 23`},
		{"0 0 * * 8", `day of week "8": 8 is not from 0 to 7`},
		{"60 * * * * *", `second "60": 60 is not from 0 to 59`},
		{"0 22-2 * * *", `hour "22-2": the range 22-2 ends before it begins`},
		{"? * * * *", `minute "?": ? must be the whole field, and the field a day`},
		{"0 0 ?/2 * *", `day of month "?/2": ? must be`},
		{"+5 * * * *", `minute "+5": "+5" is not a number`},
		{"0 0 31 2 *", "it never fires"},
		{"CRON_TZ=Mars/Base 0 0 * * *", `unknown time zone "Mars/Base"`},
		{"0 5 * * * root backup", "it has 7 fields, not 5, or 6 with seconds first"},
	} {
		_, err := schedule.Parse(tt.spec)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.spec, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "strconv") {
			t.Errorf("%s: %v", tt.spec, err)
		}
	}
}

// cron(8): fixed times are due once on a day on which clocks change; with * in the
// hour or minute, the new time is used at once.
func TestClocksChange(t *testing.T) {
	const forward, back = "2026-03-29T00:59:59Z", "2026-10-24T23:59:59Z" // 01:59:59 both, an hour before clocks change in October
	tests := []struct {
		spec, from string
		want       []string // until 04:00
	}{
		{"30 2 * * *", forward, []string{"03:00 CEST"}},
		{"0 3 * * *", forward, []string{"03:00 CEST"}},
		{"0,30 2 * * *", forward, []string{"03:00 CEST"}},
		{"*/30 2 * * *", forward, nil},
		{"30 * * * *", forward, []string{"03:30 CEST"}},
		{"@hourly", forward, []string{"03:00 CEST"}},
		{"30 2 * * *", back, []string{"02:30 CEST"}},
		{"30 2,3 * * *", back, []string{"02:30 CEST", "03:30 CET"}},
		{"*/30 2 * * *", back, []string{"02:00 CEST", "02:30 CEST", "02:00 CET", "02:30 CET"}},
		{"30 * * * *", back, []string{"02:30 CEST", "02:30 CET", "03:30 CET"}},
		{"@hourly", back, []string{"02:00 CEST", "02:00 CET", "03:00 CET"}},
	}
	for _, tt := range tests {
		s, err := schedule.Parse("CRON_TZ=Europe/Berlin " + tt.spec)
		if err != nil {
			t.Fatal(err)
		}
		from := at(t, tt.from)
		var got []string
		for _, next := range s.Runs(from, 10) {
			if next.YearDay() == from.In(next.Location()).YearDay() && next.Hour() < 4 {
				got = append(got, next.Format("15:04 MST"))
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s after %s: got %v, want %v", tt.spec, tt.from, got, tt.want)
		}
	}
}

// 29 February on a Monday comes every 28 years, or 40 around 2100.
func TestRareDays(t *testing.T) {
	s, err := schedule.Parse("0 0 29 2 */7")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ from, want string }{
		{"2026-03-01T00:00:00Z", "2032-02-29T00:00:00Z"},
		{"2060-03-01T00:00:00Z", "2088-02-29T00:00:00Z"},
		{"2088-03-01T00:00:00Z", "2128-02-29T00:00:00Z"},
	} {
		if got := s.Next(at(t, tt.from)); !got.Equal(at(t, tt.want)) {
			t.Errorf("after %s: got %v, want %s", tt.from, got, tt.want)
		}
	}
}

func TestWarning(t *testing.T) {
	for spec, want := range map[string]bool{
		"* */15 * * * *": true, "* * * * * *": true, "0 */15 * * * *": false, "*/10 * * * * *": false, "* * * * *": false, "@hourly": false,
	} {
		s, err := schedule.Parse(spec)
		if err != nil || (s.Warning() != "") != want {
			t.Errorf("%s: got warning %q, %v, want one: %v", spec, s.Warning(), err, want)
		}
	}
}

func TestCheckTZ(t *testing.T) {
	for value, want := range map[string]bool{
		"": true, "UTC": true, "Europe/Berlin": true, ":Europe/Berlin": true, "Etc/GMT+5": true,
		"Mars/Base": false, "CET-1CEST,M3.5.0,M10.5.0/3": false, "/nowhere": false, "/etc/passwd": false, "../x": false,
	} {
		if err := schedule.CheckTZ(value); (err == nil) != want {
			t.Errorf("%q: got %v, want known: %v", value, err, want)
		}
	}
}
