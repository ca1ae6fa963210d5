package render_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/test/awsfake"
)

// host is a machine with a store, and the jobs that it renders.
type host struct {
	t      *testing.T
	srv    *awsfake.Server
	stores backend.Set
	store  *store.Store
	where  job.Store
	dir    string
	now    time.Time
	env    map[string]string
	opts   render.Options
	jobs   []job.Job
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{
		t: t, srv: awsfake.Start(t), dir: t.TempDir(), now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), env: map[string]string{},
		where: job.Store{Kind: backend.DynamoDB, Table: "credential-store", Key: "alias/credstash", Region: awsfake.Region},
		opts:  render.Options{Timeout: time.Minute, FullRefresh: 10 * time.Minute, Code: func(error) int { return 1 }},
	}
	h.srv.SetEnv(t)
	c, err := awsconfig.Load(t.Context(), backend.Settings(h.where))
	h.must(err)
	table, keys := dynamo.New(c.AWS, h.where.Table), kms.New(c.KMS, h.where.Key)
	_, err = table.EnsureTable(t.Context())
	h.must(err)
	_, err = keys.EnsureKey(t.Context())
	h.must(err)
	h.store, err = h.stores.Store(t.Context(), h.where, "put")
	h.must(err)
	return h
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) put(name, version string, value []byte) {
	h.t.Helper()
	_, _, err := h.store.Put(h.t.Context(), store.PutRequest{Name: name, Version: version, Value: source.NewSecret(value)})
	h.must(err)
}

// add makes a job of one file with the given template, whose hook leaves a line
// in a file of its own.
func (h *host) add(name, text string) {
	h.jobs = append(h.jobs, job.Job{
		ID: "c#" + name, Name: name, Store: h.where, CheckTimeout: time.Minute, HookTimeout: time.Minute,
		Files: []job.File{{Content: text, Dest: h.path(name)}},
		Hook:  job.Command{Args: []string{"sh", "-c", "echo ran >> " + h.path(name+".hook")}},
	})
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) hooks(name string) int {
	data, _ := os.ReadFile(h.path(name + ".hook"))
	return bytes.Count(data, []byte("\n"))
}

func (h *host) world() (render.Env, func()) {
	st, err := state.Open(state.Options{Dir: h.path("state"), Runtime: h.path("run"), Machine: "m"})
	h.must(err)
	return render.Env{
		Open: h.stores.Source, State: st, Home: "/", StampFile: fsys.Stamp, Version: "1",
		ReadFile: func(_ *job.Job, path string) ([]byte, error) { return os.ReadFile(path) },
		Host: template.Host{
			LookupEnv: func(name string) (string, bool) { v, ok := h.env[name]; return v, ok },
			Hostname:  func() (string, error) { return "web1", nil },
			Now:       func() time.Time { return h.now },
			SaltKey:   st.HostKey, LoadLocation: time.LoadLocation,
		},
	}, func() { h.must(st.Close()) }
}

func (h *host) render(jobs ...job.Job) render.Report {
	h.t.Helper()
	w, done := h.world()
	defer done()
	report, err := render.Run(h.t.Context(), w, h.opts, jobs)
	h.must(err)
	for _, j := range report.Jobs {
		h.must(j.Err)
	}
	return report
}

// tick is what the daemon does: it looks, and renders what is not quiet. It
// returns the names of that.
func (h *host) tick() (busy []string) {
	h.t.Helper()
	h.now = h.now.Add(time.Minute)
	w, done := h.world()
	looks, err := render.CheckChanges(h.t.Context(), w, h.opts, h.jobs)
	done()
	h.must(err)
	for _, l := range looks {
		h.must(l.Err)
		if l.Unchanged {
			continue
		}
		busy = append(busy, l.Job.Name)
		h.opts.Changed = l.Changed
		h.render(*l.Job)
		h.opts.Changed = false
	}
	return busy
}

// 100 ticks, a minute each, of 20 unchanged secrets of 100 KiB; then a rotation.
func TestQuietTicksCostNextToNothing(t *testing.T) {
	h := newHost(t)
	big := bytes.Repeat([]byte("canary-100k-secret "), 5400)
	for i := range 20 {
		h.put(fmt.Sprintf("s%02d", i), "", big)
	}
	for i := range 5 {
		var text strings.Builder
		for s := range 4 {
			fmt.Fprintf(&text, "{{ secret \"s%02d\" }}\n", 4*i+s)
		}
		h.add(fmt.Sprintf("job%d", i), text.String())
	}
	h.render(h.jobs...)
	h.srv.Forget()
	fulls := 0
	for i := range 100 {
		requests, units := h.srv.Count("", ""), readUnits(h)
		if busy := h.tick(); len(busy) > 0 {
			t.Fatalf("tick %d rendered %v", i, busy)
		}
		requests, units = h.srv.Count("", "")-requests, readUnits(h)-units
		if requests > 20 {
			t.Errorf("tick %d: %d requests for 20 secrets", i, requests)
		}
		if units > 10 {
			fulls++
		}
	}
	if fulls > 10 {
		t.Errorf("%d of 100 ticks cost more than half a unit a secret; a full look is due every ten", fulls)
	}
	if n := h.srv.Count(awsfake.KMS, ""); n != 0 {
		t.Errorf("asked KMS %d times", n)
	}
	t.Logf("100 quiet ticks of 20 secrets: %d requests, %g units, %d full looks, 0 KMS calls", h.srv.Count("", ""), readUnits(h), fulls)

	h.put("s09", "", append(big, "new"...))
	h.srv.Forget()
	if busy := h.tick(); len(busy) != 1 || busy[0] != "job2" {
		t.Errorf("rendered %v after a rotation of s09, want job2", busy)
	}
	if n := h.srv.Count(awsfake.KMS, "Decrypt"); n != 4 {
		t.Errorf("%d secrets decrypted, want the job's 4", n)
	}
	for i := range 5 {
		want := 1
		if i == 2 {
			want = 2
		}
		if got := h.hooks(fmt.Sprintf("job%d", i)); got != want {
			t.Errorf("job%d: its hook ran %d times, want %d", i, got, want)
		}
	}
	if busy := h.tick(); len(busy) > 0 {
		t.Errorf("the tick after rendered %v", busy)
	}
}

func readUnits(h *host) float64 {
	read, _ := h.srv.Units()
	return read
}

// news is what happens after a render, and whether a tick sees it.
type news struct {
	name  string
	large bool
	then  func(*host)
	after int // ticks until it is noticed; 0: never
}

func (c news) run(t *testing.T) {
	h := newHost(t)
	size := 10
	if c.large {
		size = 100 << 10
	}
	h.put("a", nth(4), []byte("older"))
	h.put("a", nth(5), bytes.Repeat([]byte("x"), size))
	h.write("in", "file")
	h.add("j", `{{ secret "a" }} {{ env "E" | default "" }} {{ file .Vars.file }} {{ hostname }} {{ secretOr "none" "opt" }}`)
	h.jobs[0].Vars = map[string]any{"file": h.path("in")}
	h.render(h.jobs...)
	for range 3 {
		if busy := h.tick(); len(busy) > 0 {
			t.Fatalf("rendered before anything changed")
		}
	}
	c.then(h)
	h.srv.Forget()
	noticed := 0
	for i := 1; i <= 12 && noticed == 0; i++ {
		if len(h.tick()) > 0 {
			noticed = i
		}
	}
	if c.after == 0 && noticed > 0 || c.after > 0 && (noticed == 0 || noticed > c.after) {
		t.Errorf("noticed at tick %d, want %d", noticed, c.after)
	}
	if len(h.tick()) > 0 {
		t.Error("it does not settle")
	}
	if c.name == "a destination touched" && h.srv.Count(awsfake.KMS, "") > 0 {
		t.Error("a file that is as it was cost a call to KMS")
	}
}

// nth is how credstash writes a version.
func nth(n int) string { return fmt.Sprintf("%019d", n) }

func (h *host) write(name, data string) {
	h.t.Helper()
	h.must(os.WriteFile(h.path(name), []byte(data), 0o600))
}

func (h *host) remove(name, version string) {
	h.t.Helper()
	_, err := h.store.Delete(h.t.Context(), name, version)
	h.must(err)
}

func TestTickNotices(t *testing.T) {
	for _, c := range []news{
		{"nothing", false, func(*host) {}, 0},
		{"a newer version", false, func(h *host) { h.put("a", nth(6), []byte("new")) }, 1},
		{"a version that skips some", true, func(h *host) { h.put("a", nth(9), []byte("new")) }, 1},
		{"one that is not padded", true, func(h *host) { h.putRaw("a", "9", "new") }, 1},
		{"a removed version", false, func(h *host) { h.remove("a", nth(5)) }, 1},
		{"a removed version, large", true, func(h *host) { h.remove("a", nth(5)) }, 10},
		{"an older version", false, func(h *host) { h.put("a", nth(3), []byte("old")) }, 0},
		{"what was absent", false, func(h *host) { h.put("opt", "", []byte("there")) }, 1},
		{"a destination edited by hand", false, func(h *host) { h.write("j", "tampered") }, 1},
		{"a destination removed", false, func(h *host) { h.must(os.Remove(h.path("j"))) }, 1},
		{"another mode", false, func(h *host) { h.must(os.Chmod(h.path("j"), 0o644)) }, 1},
		{"the template", false, func(h *host) { h.jobs[0].Files[0].Content += "more" }, 1},
		{"the context", false, func(h *host) { h.jobs[0].Context = map[string]string{} }, 1},
		{"vars", false, func(h *host) { h.jobs[0].Vars["x"] = 1 }, 1},
		{"the environment", false, func(h *host) { h.env["E"] = "other" }, 1},
		{"a variable that is not read", false, func(h *host) { h.env["F"] = "other" }, 0},
		{"a file that it reads", false, func(h *host) { h.write("in", "other") }, 1},
		{"the schedule", false, func(h *host) { h.jobs[0].Schedule, h.jobs[0].Origin = schedule.MustParse("@daily"), "c:9" }, 0},
		{"a destination touched", false, func(h *host) { h.must(os.Chtimes(h.path("j"), h.now, h.now)) }, 1},
	} {
		t.Run(c.name, c.run)
	}
}

// putRaw stores a version as it is.
func (h *host) putRaw(name, version, value string) {
	h.t.Helper()
	// What put writes under a padded version, moved.
	h.put("tmp", "1", []byte(value))
	c, err := awsconfig.Load(h.t.Context(), backend.Settings(h.where))
	h.must(err)
	table := dynamo.New(c.AWS, h.where.Table)
	item, err := table.Newest(h.t.Context(), "tmp")
	h.must(err)
	item.Name, item.Version = name, version
	h.must(table.Put(h.t.Context(), item))
}

// What cannot be judged by a probe is looked at each time.
func TestTickLooksWhereAProbeCannotTell(t *testing.T) {
	for name, text := range map[string]string{
		"clock":        `{{ now | date "2006" }} {{ secret "a" }}`,
		"random":       `{{ if false }}{{ randAlpha 5 }}{{ end }}{{ secret "a" }}`,
		"derived name": `{{ secret (secret "pointer") }}`,
		"derived file": `{{ file (secret "path") }}`,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.put("a", "", []byte("value"))
			h.put("pointer", "", []byte("a"))
			h.put("path", "", []byte("/dev/null"))
			h.add("j", text)
			h.render(h.jobs...)
			for range 2 {
				if busy := h.tick(); len(busy) != 1 {
					t.Errorf("rendered %v, want j", busy)
				}
			}
			if n := h.hooks("j"); n != 1 {
				t.Errorf("its hook ran %d times though nothing changed", n)
			}
		})
	}
}

// A pending hook waits for its backoff in the daemon, and for nothing in
// a render by hand.
func TestTickPendingHookBacksOff(t *testing.T) {
	h := newHost(t)
	h.put("a", "", []byte("value"))
	h.add("j", `{{ secret "a" }}`)
	h.jobs[0].Hook = job.Command{Args: []string{"sh", "-c", "echo ran >> " + h.path("j.hook") + "; test -e " + h.path("up")}}
	h.render(h.jobs...)
	h.opts.Patient = true
	for minute := 1; minute <= 8; minute++ {
		h.tick()
	}
	if n := h.hooks("j"); n != 4 {
		t.Errorf("the hook was tried %d times, want 4: at once, and after 1, 3 and 7 minutes", n)
	}
	before := h.hooks("j")
	h.jobs[0].Hook.Args[2] += " || true"
	if busy := h.tick(); len(busy) != 1 || h.hooks("j") != before+1 {
		t.Errorf("rendered %v: a changed hook is tried at once", busy)
	}
	if busy := h.tick(); len(busy) != 0 {
		t.Errorf("rendered %v though no hook is pending", busy)
	}
}

// A run that holds the lock is no reason to look no more.
func TestTickBesideARun(t *testing.T) {
	h := newHost(t)
	h.put("a", "", []byte("value"))
	h.add("j", `{{ secret "a" }}`)
	h.render(h.jobs...)
	w, done := h.world()
	defer done()
	lock, err := w.State.Lock(t.Context(), 0, "")
	h.must(err)
	if busy := h.tick(); len(busy) != 0 {
		t.Errorf("rendered %v", busy)
	}
	h.must(lock.Release())
}
