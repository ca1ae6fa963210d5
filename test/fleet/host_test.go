package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/test/fleet"
)

// machine renders real templates to a real disk, from the same cloud.
type machine struct {
	t     *testing.T
	cloud *fleet.Cloud
	store *store.Store
	dir   string
	jobs  []job.Job
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, cloud: fleet.NewCloud(0, 1, fleet.Quotas{}), dir: t.TempDir()}
	var err error
	if m.store, err = m.cloud.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range fleet.Jobs {
		var text strings.Builder
		for s := range fleet.PerJob {
			fmt.Fprintf(&text, "{{ secret %q }}\n", fleet.Name(fleet.PerJob*i+s))
		}
		name := fmt.Sprintf("job%d", i)
		m.jobs = append(m.jobs, job.Job{
			ID: "c#" + name, Name: name, Store: fleet.Where(),
			Files: []job.File{{Content: text.String(), Dest: filepath.Join(m.dir, name)}},
		})
	}
	return m
}

// during returns what f asked of the cloud.
func (m *machine) during(f func(render.Env)) fleet.Count {
	m.t.Helper()
	st, err := state.Open(state.Options{Dir: filepath.Join(m.dir, "state"), Runtime: filepath.Join(m.dir, "run"), Machine: "m"})
	if err != nil {
		m.t.Fatal(err)
	}
	before := m.asked()
	f(render.Env{
		Open: func(context.Context, job.Store, string) (source.Source, error) { return m.store, nil },
		Host: template.Host{Now: time.Now, SaltKey: st.HostKey}, State: st, StampFile: fsys.Stamp, Version: "1",
	})
	if err := st.Close(); err != nil {
		m.t.Fatal(err)
	}
	after := m.asked()
	return fleet.Count{Requests: after.Requests - before.Requests, KMS: after.KMS - before.KMS, Units: after.Units - before.Units}
}

func (m *machine) asked() fleet.Count {
	return m.cloud.Span(time.Now().Add(-time.Hour), time.Now().Add(time.Hour)).Count
}

func (m *machine) render(w render.Env, jobs []job.Job, changed bool) {
	m.t.Helper()
	report, err := render.Run(m.t.Context(), w, render.Options{FullRefresh: time.Hour, Changed: changed, Code: func(error) int { return 1 }}, jobs)
	for _, j := range report.Jobs {
		err = errors.Join(err, j.Err)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// tick returns the jobs that are not quiet.
func (m *machine) tick(w render.Env, refresh time.Duration) (busy []job.Job) {
	m.t.Helper()
	looks, err := render.CheckChanges(m.t.Context(), w, render.Options{FullRefresh: refresh}, m.jobs)
	for _, l := range looks {
		err = errors.Join(err, l.Err)
		if !l.Unchanged {
			busy = append(busy, *l.Job)
		}
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return busy
}

// The hosts of a fleet have no disk and no templates; what they ask of AWS is
// what package render asks.
func TestHostsAskWhatRenderAsks(t *testing.T) {
	host := run(t, fleet.Options{Hosts: 1})
	m := newMachine(t)
	expect := func(phase string, want fleet.Span, busy int, do func(render.Env) []job.Job) {
		t.Helper()
		var left []job.Job
		got := m.during(func(w render.Env) {
			if left = do(w); len(left) > 0 {
				m.render(w, left, true)
			}
		})
		if got != want.Count || len(left) != busy {
			t.Errorf("%s: %d jobs are rendered and ask %+v; a host of the fleet asks %+v", phase, len(left), got, want.Count)
		}
	}
	expect("reboot", host.Reboot, fleet.Jobs, func(render.Env) []job.Job { return m.jobs })
	expect("quiet", host.Quiet, 0, func(w render.Env) []job.Job { return m.tick(w, time.Hour) })
	expect("full", host.Full, 0, func(w render.Env) []job.Job { return m.tick(w, 0) })
	if err := m.cloud.Rotate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	expect("rotation", host.Rotation, 1, func(w render.Env) []job.Job { return m.tick(w, time.Hour) })
}
