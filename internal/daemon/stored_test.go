package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
)

// damage is a state directory of which files are damaged, by the name of the job.
type damage struct {
	t   *testing.T
	dir string
}

func (d damage) open() *state.Dir {
	st, err := state.Open(state.Options{Dir: d.dir, Machine: "m"})
	if err != nil {
		d.t.Fatal(err)
	}
	return st
}

// file returns the state file of a job, which it makes.
func (d damage) file(id string) string {
	st := d.open()
	defer st.Close()
	before, _ := filepath.Glob(d.dir + "/job-*")
	j, err := st.Job(id, id, state.Identity{})
	if err == nil {
		err = j.Update(func(r *state.Record) { r.Result.Code = 5 })
	}
	if err != nil {
		d.t.Fatal(err)
	}
	after, _ := filepath.Glob(d.dir + "/job-*")
	for _, name := range after {
		if !strings.Contains(strings.Join(before, " "), name) {
			return name
		}
	}
	d.t.Fatalf("no new file: %v", after)
	return ""
}

func (d damage) records() (records []state.Record, err error) {
	st := d.open()
	defer st.Close()
	jobs, err := st.Jobs()
	for _, j := range jobs {
		records = append(records, j.Record())
	}
	return records, err
}

func (d damage) look(_ context.Context, jobs []job.Job) (results []render.CheckResult, err error) {
	st := d.open()
	defer st.Close()
	for i := range jobs {
		_, err := st.Job(jobs[i].ID, jobs[i].Name, state.Identity{})
		results = append(results, render.CheckResult{Job: &jobs[i], Unchanged: err == nil, Err: err})
	}
	return results, nil
}

// A damaged state file is in the metrics and is said once; every other job's are
// as they were, its own is left alone, and all is well when the file is removed.
func TestDamagedState(t *testing.T) {
	d := damage{t, filepath.Join(t.TempDir(), "state")}
	bad, stray := d.file("c#bad"), d.file("nobody's")
	d.file("c#good")
	for _, name := range []string{bad, stray} {
		if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := &fake{names: []string{"bad", "good"}, now: time.Now, files: true}
	c := f.config()
	c.Check, c.Records = d.look, d.records
	var log bytes.Buffer
	textfile := filepath.Join(t.TempDir(), "m.prom")
	dm := newDaemon(t, c, func(o *daemon.Options) {
		o.Log, o.Textfile = slog.New(slog.NewTextHandler(&log, nil)), textfile
	})
	dm.Tick(t.Context())
	dm.Tick(t.Context())
	if len(f.rendered) > 0 {
		t.Errorf("rendered %v", f.rendered)
	}
	written, err := os.ReadFile(textfile)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{get(t, dm, "/metrics"), string(written)} {
		has(t, body, `credrender_state_damaged_files 2`, `credrender_state_readable 1`,
			`credrender_job_state_damaged{job_name="bad"} 1`, `credrender_job_last_exit_code{job_name="bad"} 1`,
			`credrender_job_ticks_total{job_name="bad",result="failed"} 2`,
			`credrender_job_state_damaged{job_name="good"} 0`, `credrender_job_last_exit_code{job_name="good"} 5`,
			`credrender_job_ticks_total{job_name="good",result="quiet"} 2`)
		if strings.Contains(body, `hook_pending{job_name="bad"}`) {
			t.Errorf("reports a pending hook of bad, which nobody knows:\n%s", body)
		}
	}
	if body := get(t, dm, "/readyz"); !strings.Contains(body, "bad: state file") || strings.Contains(body, "good") {
		t.Errorf("readyz: %s", body) // nobody knows whether the files of bad are its own
	}
	said := log.String()
	for _, want := range []string{"bad is not rendered and keeps its files", "it belongs to no job of this config", bad, stray} {
		if strings.Count(said, want) != 1 {
			t.Errorf("%q is not said once:\n%s", want, said)
		}
	}
	for _, name := range []string{bad, stray} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	dm.Tick(t.Context())
	has(t, get(t, dm, "/metrics"), `credrender_state_damaged_files 0`, `credrender_job_state_damaged{job_name="bad"} 0`)
	if said := log.String(); strings.Count(said, "no longer blocks its job") != 2 {
		t.Errorf("said\n%s", said)
	}
}

// A state directory that cannot be read leaves the daemon's own metrics.
func TestUnreadableState(t *testing.T) {
	f := &fake{names: []string{"a"}, quiet: true, now: time.Now}
	c := f.config()
	fault := errors.New("input/output error")
	c.Records = func() ([]state.Record, error) { return nil, fault }
	var log bytes.Buffer
	dm := newDaemon(t, c, func(o *daemon.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	dm.Tick(t.Context())
	dm.Tick(t.Context())
	body := get(t, dm, "/metrics")
	has(t, body, `credrender_state_readable 0`, `credrender_job_last_exit_code{job_name="a"} 0`, `credrender_job_ticks_total{job_name="a",result="quiet"} 2`)
	if strings.Contains(body, "credrender_job_hook_pending{") {
		t.Errorf("tells of a hook, of which nothing is known:\n%s", body)
	}
	fault = nil
	dm.Tick(t.Context())
	has(t, get(t, dm, "/metrics"), `credrender_state_readable 1`, `credrender_job_last_exit_code{job_name="a"} 0`)
	if said := log.String(); strings.Count(said, "input/output error") != 1 || strings.Count(said, "the state can be read again") != 1 {
		t.Errorf("said\n%s", said)
	}
}

func has(t *testing.T, body string, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("lacks %s:\n%s", want, body)
		}
	}
}

// Without a state directory nobody tells of single jobs: what the render as a
// whole says has to do. It is said once what that costs.
func TestNoState(t *testing.T) {
	f := &fake{names: []string{"a"}, now: time.Now}
	c := f.config()
	missing := render.ErrNoState
	look := c.Check
	c.Check = func(ctx context.Context, jobs []job.Job) ([]render.CheckResult, error) {
		if missing != nil {
			return nil, missing
		}
		return look(ctx, jobs)
	}
	c.Records = func() ([]state.Record, error) { return nil, nil }
	var log bytes.Buffer
	dm := newDaemon(t, c, func(o *daemon.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	dm.Tick(t.Context())
	dm.Tick(t.Context())
	has(t, get(t, dm, "/metrics"), `credrender_job_ticks_total{job_name="a",result="rendered"} 2`, `credrender_job_ticks_total{job_name="a",result="failed"} 0`)
	f.code = 3
	dm.Tick(t.Context())
	has(t, get(t, dm, "/metrics"), `credrender_job_ticks_total{job_name="a",result="failed"} 1`)
	missing, f.quiet = nil, true
	dm.Tick(t.Context())
	dm.Tick(t.Context())
	if said := log.String(); strings.Count(said, "no state directory can be written") != 1 || strings.Count(said, "the state directory is writable again") != 1 {
		t.Errorf("said\n%s", said)
	}
}

// A textfile that cannot be written is said once, by its own name.
func TestTextfileCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "m.prom")
	f := &fake{names: []string{"a"}, now: time.Now}
	var log bytes.Buffer
	dm := newDaemon(t, f.config(), func(o *daemon.Options) {
		o.Textfile, o.Log = path, slog.New(slog.NewTextHandler(&log, nil))
	})
	dm.Tick(t.Context())
	dm.Tick(t.Context())
	if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, path+": no such file or directory") {
		t.Errorf("said\n%s", said)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	dm.Tick(t.Context())
	dm.Tick(t.Context())
	if said := log.String(); strings.Count(said, "\n") != 2 || !strings.Contains(said, "again") {
		t.Errorf("said\n%s", said)
	}
}
