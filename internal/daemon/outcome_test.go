package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
)

// What came of renders that recorded nothing is in the metrics, at /readyz and
// stored, until a run or a look finds that all is well again.
func TestRunsThatRecordNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		code  int
		err   error
		want  state.Outcome
		ready string
	}{
		"not started": {1, fmt.Errorf("%w: resource temporarily unavailable", daemon.ErrNotStarted), state.Outcome{Code: 1, Error: "the daemon could not run it: the render process could not be started: resource temporarily unavailable"}, "0"},
		"killed":      {1, errors.New("signal: killed"), state.Outcome{Code: 1, Error: "the daemon could not run it: signal: killed"}, "0"},
		"crashed":     {2, nil, state.Outcome{Code: 2, Error: "its run exited with status 2 and recorded no result; the daemon's log shows why"}, "0"},
		"well":        {0, nil, state.Outcome{}, "1"}, // the state directory could not be written
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{names: []string{"a"}, now: time.Now, files: true}
				c := f.config()
				render := c.Render
				var stored map[string]state.Outcome
				stores := 0
				c.Store = func(o map[string]state.Outcome) error { stored, stores = o, stores+1; return nil }
				d := newDaemon(t, c, nil)
				d.Tick(t.Context())
				if len(stored) != 0 || stores != 1 {
					t.Errorf("after a good run: stored %v in %d calls", stored, stores)
				}
				time.Sleep(time.Minute)
				c.Render = func(context.Context, daemon.Order) (daemon.Ended, error) { return daemon.Ended{Code: tc.code}, tc.err }
				d.Tick(t.Context())
				time.Sleep(time.Minute)
				d.Tick(t.Context())
				want := map[string]state.Outcome{}
				if tc.want.Code != 0 {
					want["c#a"] = tc.want
				}
				if diff := cmp.Diff(want, stored, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(state.Outcome{}, "At")); diff != "" {
					t.Errorf("stored (-want +got):\n%s", diff)
				}
				wantMetric(t, d, "credrender_ready "+tc.ready)
				wantMetric(t, d, `credrender_job_last_exit_code{job_name="a"} `+string(rune('0'+tc.want.Code)))
				c.Render = render
				time.Sleep(time.Minute)
				d.Tick(t.Context())
				wantMetric(t, d, "credrender_ready 1")
				wantMetric(t, d, `credrender_job_last_exit_code{job_name="a"} 0`)
				if len(stored) != 0 {
					t.Errorf("still stored: %v", stored)
				}
			})
		})
	}
}

func wantMetric(t *testing.T, d *daemon.Daemon, line string) {
	t.Helper()
	var b bytes.Buffer
	if err := d.WriteMetrics(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), line+"\n") {
		t.Errorf("no %q in\n%s", line, b.String())
	}
}

// A crash is tried again by the long backoff, whatever code it ends with.
func TestCrashesBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, files: true}
		c := f.config()
		runs := 0
		c.Jobs[0].Schedule = schedule.MustParse("@every 1s")
		c.Render = func(context.Context, daemon.Order) (daemon.Ended, error) { runs++; return daemon.Ended{Code: 2}, nil }
		d := newDaemon(t, c, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		d.Run(ctx)
		if runs < 2 || runs > 6 {
			t.Errorf("%d runs in 12 s", runs)
		}
	})
}
