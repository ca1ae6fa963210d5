package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/schedule"
)

func TestParseRefuses(t *testing.T) {
	for _, spec := range []string{
		"", "  ", "TZ=0", "TZ=", "TZ=UTC", "TZ=UTC ", "CRON_TZ=Europe/Berlin", "CRON_TZ= * * * * *", "CRON_TZ=../x * * * * *", "CRON_TZ=Moon/Base * * * * *",
		"@every", "@every ", "@every 0s", "@every -5m", "@every 1ns", "@every 100ms", "@every 999ms", "@every 1500ms", "@every 5", "@every 5m 5m",
		"@foo", "@reboot", "@daily 5", "*/0 * * * *", "60 * * * *", "* 24 * * *", "0 22-2 * * *", "5-1 * * * *", "-1 * * * *", "1- * * * *", "* * * *", "* * * * * * *",
		"0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * * * 8", "* * * * 6-8", "CRON_TZ=Europe/Berlin * 2 25-31 3 */7", "* * * * 1-7/0", "* * * * x-7", "\x00",
		"1-100000000000 * * * *", strings.Repeat("1,", 1000) + "1 * * * *",
	} {
		if s, err := schedule.Parse(spec); !errors.Is(err, schedule.ErrSpec) {
			t.Errorf("%q: got %v, %v, want ErrSpec", spec, s, err)
		}
	}
}

func TestNext(t *testing.T) {
	tests := []struct{ spec, from, want string }{
		{"*/5 * * * *", "2026-03-02T12:01:00Z", "2026-03-02T12:05:00Z"},
		{"*/5 * * * *", "2026-03-02T12:05:00Z", "2026-03-02T12:10:00Z"},
		{"*/20 * * * * *", "2026-03-02T12:00:21Z", "2026-03-02T12:00:40Z"},
		{"@every 90s", "2026-03-02T12:00:00.7Z", "2026-03-02T12:01:30Z"},
		{"@daily", "2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z"},
		{"0 0 29 2 *", "2026-03-02T12:00:00Z", "2028-02-29T00:00:00Z"},
		{"0 9 * * 7", "2026-03-02T12:00:00Z", "2026-03-08T09:00:00Z"}, // a Monday
		{"0 9 * * 0", "2026-03-02T12:00:00Z", "2026-03-08T09:00:00Z"},
		{"0 9 * * 6-7", "2026-03-07T12:00:00Z", "2026-03-08T09:00:00Z"},
		{"0 9 * * fri-SUN", "2026-03-02T12:00:00Z", "2026-03-06T09:00:00Z"},
		{"0 9 * * 3-7/2", "2026-03-05T12:00:00Z", "2026-03-06T09:00:00Z"},
		{"0 9 * * 3-7/2", "2026-03-06T12:00:00Z", "2026-03-08T09:00:00Z"},
		{"CRON_TZ=Asia/Tokyo 0 9 * * *", "2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z"},
		{"TZ=UTC  0 9 * * *", "2026-03-02T12:00:00+02:00", "2026-03-03T09:00:00Z"},
		// Berlin, clocks forward: 02:00 is 03:00.
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		{"CRON_TZ=Europe/Berlin 30 3 * * *", "2026-03-29T01:00:00+01:00", "2026-03-29T03:30:00+02:00"},
		{"CRON_TZ=Europe/Berlin */30 * * * *", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"CRON_TZ=Europe/Berlin */10 2 * * *", "2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"},
		// Back: 03:00 is 02:00.
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-25T02:10:00+01:00", "2026-10-26T02:30:00+01:00"},
		{"CRON_TZ=Europe/Berlin */30 * * * *", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"CRON_TZ=Europe/Berlin */10 1-5 * * *", "2026-10-25T02:50:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"CRON_TZ=Europe/Berlin 0-50/10 1-5 * * *", "2026-10-25T02:50:00+02:00", "2026-10-25T03:00:00+01:00"},
		// Midnight does not exist.
		{"CRON_TZ=America/Sao_Paulo 0 0 * * *", "2018-11-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00"},
	}
	for _, tt := range tests {
		s, err := schedule.Parse(tt.spec)
		if err != nil {
			t.Errorf("%s: %v", tt.spec, err)
			continue
		}
		if got := s.Next(at(t, tt.from)); !got.Equal(at(t, tt.want)) {
			t.Errorf("%s after %s: got %v, want %s", tt.spec, tt.from, got, tt.want)
		}
	}
	if got := (schedule.Schedule{}).Next(at(t, "2026-03-02T12:00:00Z")); !got.IsZero() {
		t.Errorf("no schedule: got %v, want never", got)
	}
}

// Without CRON_TZ, times are those of the zone that is asked in.
func TestNextInTheZoneOfTheTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"0 2 * * *", "0 */2 * * *"} {
		s, err := schedule.Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.Next(at(t, "2026-03-02T23:59:00Z").In(berlin)), at(t, "2026-03-03T01:00:00Z"); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", spec, got, want)
		}
	}
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What is accepted neither panics nor stands still nor runs for long.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"TZ=0 * * * * *", "TZ=0", "@every 1h", "*/5 * * * *", "0 0 31 2 *", "CRON_TZ=UTC 1-5/2,7 * ? JAN MON", "* * * * 5-7", "0 0 29 2 *",
		"CRON_TZ=Europe/Berlin 30 2 * * *", "59 59 23 31 12 ?", "@midnight",
	} {
		f.Add(s, int64(1774746000))
	}
	f.Fuzz(func(t *testing.T, spec string, from int64) {
		s, err := schedule.Parse(spec)
		if err != nil {
			return
		}
		now := time.Unix(from%4e9, 0).UTC()
		for range 3 {
			next := s.Next(now)
			if next.IsZero() {
				return
			}
			if !next.After(now) {
				t.Fatalf("%q after %v: got %v", spec, now, next)
			}
			now = next
		}
	})
}
