package fleet_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/credrender/credrender/test/fleet"
)

// alone keeps the machine's own AWS settings out.
func alone(t *testing.T) {
	t.Helper()
	for _, v := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(v, os.DevNull)
	}
	for _, v := range []string{"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_PROFILE"} {
		t.Setenv(v, "")
	}
}

func run(t *testing.T, o fleet.Options) (r fleet.Result) {
	t.Helper()
	alone(t)
	synctest.Test(t, func(t *testing.T) {
		var err error
		if r, err = fleet.Run(t.Context(), o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	})
	return r
}

const few = 30

func count(hosts int, requests, kms, units float64) fleet.Count {
	n := float64(hosts)
	return fleet.Count{Requests: int(n * requests), KMS: int(n * kms), Units: n * units}
}

// What each phase asks, to the request: 20 secrets a host, one of 14 units.
func TestCounts(t *testing.T) {
	for _, o := range []fleet.Options{{Hosts: few}, {Hosts: few, Splay: fleet.Every}, {Hosts: 3 * few, Weight: 3}} {
		r := run(t, o)
		tests := []struct {
			phase     string
			got, want fleet.Count
		}{
			{"reboot", r.Reboot.Count, count(o.Hosts, 2*fleet.Secrets, fleet.Secrets, 19+14)},
			{"quiet", r.Quiet.Count, count(o.Hosts, fleet.Secrets, 0, fleet.Secrets*0.5)},
			{"full", r.Full.Count, count(o.Hosts, fleet.Secrets, 0, 19+14)},
			{"rotation", r.Rotation.Count, count(o.Hosts, fleet.Secrets+2*fleet.PerJob, fleet.PerJob, fleet.Secrets*0.5+fleet.PerJob)},
		}
		for _, tt := range tests {
			if tt.got != tt.want {
				t.Errorf("%d hosts, splay %v, %s: %+v, want %+v", o.Hosts, o.Splay, tt.phase, tt.got, tt.want)
			}
		}
		if o.Splay == 0 && r.Quiet.Peak != r.Quiet.Requests {
			t.Errorf("without a splay a quiet tick's busiest second has %d of %d requests", r.Quiet.Peak, r.Quiet.Requests)
		}
	}
}

// A splay of a minute divides a peak by 60 but for chance: of 30 hosts no more
// than four share a second.
func TestSplayFlattensThePeak(t *testing.T) {
	together, splayed := run(t, fleet.Options{Hosts: few}), run(t, fleet.Options{Hosts: few, Splay: fleet.Every})
	if got, most := splayed.Quiet.Peak, together.Quiet.Peak*4/few; got > most {
		t.Errorf("the busiest second of a quiet minute has %d requests splayed, and %d together: want %d at most", got, together.Quiet.Peak, most)
	}
}

// Quotas a hundred times too small for what is asked in one second: requests are
// refused and sent again, none gets lost, no quota is overdrawn.
func TestNothingIsLostUnderQuotas(t *testing.T) {
	q := fleet.Quotas{KMS: 100, Table: 120, Key: 30}
	r := run(t, fleet.Options{Hosts: few, Quotas: q})
	if r.Reboot.Throttled == 0 || r.Full.Throttled == 0 {
		t.Errorf("refused: %d at the reboot, %d at the full look: nothing was shown", r.Reboot.Throttled, r.Full.Throttled)
	}
	if r.Reboot.PeakKMS > q.KMS {
		t.Errorf("%d KMS calls in a second of a quota of %d", r.Reboot.PeakKMS, q.KMS)
	}
	if want := few * fleet.Secrets; r.Reboot.KMS < want {
		t.Errorf("%d KMS calls cannot have given %d hosts everything", r.Reboot.KMS, few)
	}
}

// A tick without a probe is what a reboot is, spread over a minute.
func TestSpread(t *testing.T) {
	r := run(t, fleet.Options{Hosts: few, Spread: true})
	if got, want := r.Reboot.Count, count(few, 2*fleet.Secrets, fleet.Secrets, 19+14); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if r.Reboot.Peak > 2*2*fleet.Secrets {
		t.Errorf("%d requests in a second of %d hosts a minute", r.Reboot.Peak, few)
	}
}

// The page has what the code says, and a table of it.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, begins := strings.Cut(string(page), fleet.PageBegin)
	table, _, ends := strings.Cut(table, fleet.PageEnd)
	if !begins || !ends || !strings.Contains(table, "| 1,000 |") || !strings.Contains(table, "| 10,000 |") {
		t.Error("docs/fleet.md has no table of 1,000 and 10,000 hosts: run make fleet")
	}
	for _, fact := range []string{"10,000 KMS calls", "12,000 read units", "3,000 read units", "$0.03 per 10,000", "$0.125 per million", "5 ms"} {
		if !strings.Contains(string(page), fact) {
			t.Errorf("docs/fleet.md does not say %q", fact)
		}
	}
}

// TestWritePage is make fleet: FLEET_PAGE names the page to write the table into.
// FLEET_DAEMONS is how many daemons stand for a fleet at most.
func TestWritePage(t *testing.T) {
	path := os.Getenv("FLEET_PAGE")
	if path == "" {
		t.Skip("make fleet runs it: it takes minutes")
	}
	daemons := 1000
	if n, err := strconv.Atoi(os.Getenv("FLEET_DAEMONS")); err == nil {
		daemons = n
	}
	var fleets []fleet.Measured
	for _, hosts := range []int{1_000, 10_000} {
		o := fleet.Options{Hosts: hosts, Weight: max(1, hosts/daemons), Quotas: fleet.DefaultQuotas}
		measure := func(splay time.Duration, spread bool) fleet.Result {
			began := time.Now()
			o.Splay, o.Spread = splay, spread
			r := run(t, o)
			t.Logf("%d hosts, splay %v, spread %v: %v", hosts, splay, spread, time.Since(began).Round(time.Second))
			return r
		}
		fleets = append(fleets, fleet.Measured{Together: measure(0, false), Splayed: measure(fleet.Every, false), Naive: measure(0, true)})
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), fleet.PageBegin)
	_, after, ends := strings.Cut(rest, fleet.PageEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the table", path)
	}
	text := before + fleet.PageBegin + fleet.Table(fleets) + fleet.PageEnd + after
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
