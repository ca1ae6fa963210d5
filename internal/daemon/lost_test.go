package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
)

// A child process that hangs is ended when its parts have had their time, before
// the watchdog would end the daemon, and counts as a failure everywhere.
func TestRunsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, files: true}
		c := f.config() // fetching takes a minute at most: 2 * 1m + 2m
		hung := 0
		c.Render = func(ctx context.Context, _ daemon.Order) (daemon.Ended, error) {
			hung++
			<-ctx.Done()
			return daemon.Ended{}, ctx.Err()
		}
		var log bytes.Buffer
		d := newDaemon(t, c, func(o *daemon.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		time.AfterFunc(4*time.Minute+30*time.Second, func() {
			if got := status(d, "GET", "/healthz", "localhost"); got != 200 {
				t.Errorf("healthz: %d", got)
			}
		})
		if err := d.Run(ctx); err != nil {
			t.Error(err)
		}
		if hung < 2 || hung > 4 {
			t.Errorf("%d runs", hung)
		}
		has(t, get(t, d, "/metrics"), `credrender_job_last_exit_code{job_name="a"} 1`, `credrender_ready 0`,
			fmt.Sprintf(`credrender_runs_lost_total{reason="timeout"} %d`, hung), fmt.Sprintf(`credrender_job_failures_in_a_row{job_name="a"} %d`, hung))
		if said := log.String(); strings.Count(said, "took longer than 4m0s") != 1 {
			t.Errorf("said\n%s", said)
		}
	})
}

// A thousand lost runs are a few lines: the first, one an hour, and the end with
// its count; the traces of a crash are there the first time alone.
func TestLostRunsAreLoggedSparely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, files: true}
		c := f.config()
		render := c.Render
		well := time.Now().Add(150 * time.Minute)
		terse := []bool{}
		c.Render = func(ctx context.Context, o daemon.Order) (daemon.Ended, error) {
			if time.Now().After(well) {
				return render(ctx, o)
			}
			terse = append(terse, o.Terse)
			return daemon.Ended{}, fmt.Errorf("%w: resource temporarily unavailable", daemon.ErrNotStarted)
		}
		var log bytes.Buffer
		d := newDaemon(t, c, func(o *daemon.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		_ = d.Run(ctx)
		if len(terse) < 20 || terse[0] || !terse[1] || !terse[len(terse)-1] {
			t.Errorf("%d tries, terse: %v", len(terse), terse)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 4 || !strings.Contains(lines[2], "failures since") || !strings.Contains(lines[3], fmt.Sprintf("a: succeeded again, after %d failures since", len(terse))) {
			t.Errorf("said\n%s", log.String())
		}
	})
}

// SIGUSR1 has a failure logged again that was logged before.
func TestAskedRunsLogRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, code: 3}
		all := make(chan os.Signal)
		d := newDaemon(t, f.config(), func(o *daemon.Options) { o.All = all })
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		time.AfterFunc(time.Minute, func() { all <- syscall.SIGUSR1 })
		_ = d.Run(ctx)
		var got []bool
		for _, o := range f.orders {
			got = append(got, o.LogRepeats)
		}
		n := 0
		for _, loud := range got[1:] {
			if loud {
				n++
			}
		}
		if !got[0] || n != 1 {
			t.Errorf("runs that log repeats: %v, want the first and the one that was asked for", got)
		}
	})
}

// What child processes report is counted: durations by bucket, hooks by job,
// requests.
func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, takes: 2 * time.Second}
		f.report = &daemon.Report{
			Fetch: 300 * time.Millisecond, Hooks: []daemon.HookRun{{Jobs: []string{"a"}, Took: time.Second}},
			Usage: daemon.Usage{Requests: map[string]int{"kms.Decrypt": 3}, Retries: 2, Throttled: 1, ReadUnits: 1.5},
		}
		c := f.config()
		c.Jobs[0].Hook = job.Command{Shell: "true"}
		c.Hash = "abc"
		d := newDaemon(t, c, nil)
		has(t, get(t, d, "/metrics"), `credrender_hook_duration_seconds_count{job_name="a"} 0`, `credrender_runs_lost_total{reason="crash"} 0`,
			`credrender_job_ticks_total{job_name="a",result="failed"} 0`, `credrender_job_last_exit_code{job_name="a"} 0`)
		d.Tick(t.Context())
		d.Tick(t.Context())
		has(t, get(t, d, "/metrics"),
			`credrender_run_duration_seconds_bucket{le="1"} 0`, `credrender_run_duration_seconds_bucket{le="2.5"} 2`, `credrender_run_duration_seconds_bucket{le="+Inf"} 2`,
			`credrender_run_duration_seconds_sum 4`, `credrender_fetch_duration_seconds_bucket{le="0.5"} 2`, `credrender_fetch_duration_seconds_bucket{le="0.25"} 0`,
			`credrender_hook_duration_seconds_bucket{job_name="a",le="1"} 2`, `credrender_hook_duration_seconds_bucket{job_name="a",le="0.5"} 0`,
			`credrender_render_aws_requests_total{service="kms",operation="Decrypt"} 6`, `credrender_render_aws_throttled_total 2`,
			`credrender_render_dynamodb_read_units_total 3`, `credrender_config_info{hash="abc"} 1`)
	})
}

// Without a state directory the report tells how each job fared.
func TestJobsByThemselvesWithoutState(t *testing.T) {
	f := &fake{names: []string{"a", "b"}, now: time.Now, files: true, stateless: true, code: 1}
	f.report = &daemon.Report{Codes: map[string]int{"a": 0, "b": 1}}
	d := newDaemon(t, f.config(), nil)
	d.Tick(t.Context())
	has(t, get(t, d, "/metrics"), `credrender_job_last_exit_code{job_name="a"} 0`, `credrender_job_last_exit_code{job_name="b"} 1`,
		`credrender_job_ticks_total{job_name="a",result="rendered"} 1`, `credrender_job_ticks_total{job_name="b",result="failed"} 1`,
		`credrender_state_writable 0`, `credrender_state_readable 0`, `credrender_ready 0`)
}

// The heartbeat in the textfile goes on while no job is due.
func TestTextfileHasAHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := t.TempDir() + "/m.prom"
		f := &fake{names: []string{"a"}, now: time.Now, files: true}
		d := newDaemon(t, f.config(), func(o *daemon.Options) { o.Textfile = path })
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
		defer cancel()
		began := time.Now()
		_ = d.Run(ctx)
		beat := metricOf(t, path, "credrender_heartbeat_timestamp_seconds ")
		if age := began.Add(9*time.Minute).Unix() - int64(beat); age < 0 || age > 90 {
			t.Errorf("the heartbeat is %d s old", age)
		}
		if diff := cmp.Diff([]string{"00:00"}, f.rendered); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}
