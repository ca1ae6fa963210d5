package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

func newDaemon(t *testing.T, c *daemon.Config, change func(*daemon.Options)) *daemon.Daemon {
	t.Helper()
	o := daemon.Options{
		Now: time.Now, Host: "host", Log: slog.New(slog.DiscardHandler), Jitter: func() float64 { return 0.5 },
		Load: func(context.Context) (*daemon.Config, error) { return c, nil },
	}
	if change != nil {
		change(&o)
	}
	d, err := daemon.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fake is a config of which nothing is real: each render ends with code.
type fake struct {
	names    []string
	now      func() time.Time
	code     int
	heals    time.Time // when code becomes 0; zero: never
	debt     *state.Debt
	takes    time.Duration
	files    bool
	quiet    bool
	answers  time.Time // until then looks get no answer
	looks    []string  // minutes and seconds since midnight
	rendered []string  // minutes and seconds since midnight
	last     map[string]state.Record
}

func (f *fake) config() *daemon.Config {
	f.last = map[string]state.Record{}
	c := &daemon.Config{Present: func(string) bool { return f.files }, Timeout: time.Minute}
	for _, n := range f.names {
		c.Jobs = append(c.Jobs, job.Job{ID: "c#" + n, Name: n, Schedule: "*/10 * * * *", Files: []job.File{{Dest: "/" + n}}})
	}
	c.Look = func(_ context.Context, jobs []job.Job) (looks []render.Look, err error) {
		f.looks = append(f.looks, f.now().UTC().Format("04:05"))
		for i := range jobs {
			l := render.Look{Job: &jobs[i], Quiet: f.quiet}
			if f.now().Before(f.answers) {
				l.Quiet, l.Unseen = false, source.ErrThrottled
			}
			looks = append(looks, l)
		}
		return looks, nil
	}
	c.Render = func(_ context.Context, names []string, _ bool) (int, error) {
		f.rendered = append(f.rendered, f.now().UTC().Format("04:05"))
		if !f.heals.IsZero() && !f.now().Before(f.heals) {
			f.code = 0
		}
		time.Sleep(f.takes)
		for _, n := range names {
			f.last["c#"+n] = state.Record{
				ID: "c#" + n, Name: n, LastRun: f.now(), Debt: f.debt, Result: state.Result{Code: f.code},
				Files: map[string]state.File{"/" + n: {NotAfter: time.Unix(2e9, 0)}},
			}
		}
		return f.code, nil
	}
	c.Records = func() (list []state.Record, err error) {
		for _, r := range f.last {
			list = append(list, r)
		}
		return list, nil
	}
	return c
}

// What fails for want of AWS is tried again sooner than its schedule, at growing
// pauses, and follows the schedule again once it succeeds.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, code: 1, heals: time.Now().Add(8 * time.Minute)}
		d := newDaemon(t, f.config(), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 39*time.Minute)
		defer cancel()
		d.Run(ctx)
		want := []string{"00:00", "00:00", "00:02", "00:05", "00:11", "00:23", "00:47", "01:35", "03:11", "06:23", "10:08", "20:00", "30:00"}
		if diff := cmp.Diff(want, f.rendered); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}

// A store that is throttled or out of reach gets no render on top of the look:
// it is looked at again by the backoff, and each outage is said once.
func TestNoRenderWhereALookGetsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, quiet: true, answers: time.Now().Add(20 * time.Second)}
		var log bytes.Buffer
		d := newDaemon(t, f.config(), func(o *daemon.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
		defer cancel()
		d.Run(ctx)
		want := []string{"00:00", "00:00", "00:02", "00:05", "00:11", "00:23", "10:00"}
		if diff := cmp.Diff(want, f.looks); diff != "" {
			t.Errorf("looks (-want +got):\n%s", diff)
		}
		if len(f.rendered) > 0 {
			t.Errorf("rendered at %v", f.rendered)
		}
		if said := log.String(); strings.Count(said, "throttled; its files stay") != 1 || strings.Count(said, "answers again") != 1 || strings.Count(said, "\n") != 2 {
			t.Errorf("said:\n%s\nwant each end of the outage once", said)
		}
		if err := d.WriteMetrics(&log); err != nil || !strings.Contains(log.String(), `ticks_total{job_name="a",result="failed"} 5`) {
			t.Errorf("metrics: %v\n%s", err, log.String())
		}
	})
}

// A hook that is owed brings its job back when its own backoff is over.
func TestOwedHookComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, code: 5}
		f.debt = &state.Debt{Next: time.Now().Add(3 * time.Minute)}
		d := newDaemon(t, f.config(), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
		defer cancel()
		d.Run(ctx)
		if diff := cmp.Diff([]string{"00:00", "03:00", "10:00"}, f.rendered); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}

// READY waits for the files; a reload that fails keeps the old config and says
// so; one that is good runs what is new at once; systemd hears of both.
func TestReload(t *testing.T) {
	said := listen(t)
	f := &fake{names: []string{"a"}, now: time.Now, files: true}
	reload, all := make(chan os.Signal), make(chan os.Signal)
	var log bytes.Buffer
	first := f.config()
	loads := 0
	d := newDaemon(t, nil, func(o *daemon.Options) {
		o.Reload, o.All, o.Notify = reload, all, said.notifier(t)
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		o.Load = func(context.Context) (*daemon.Config, error) {
			switch loads++; loads {
			case 1:
				return first, nil
			case 2:
				return nil, errors.New("credrender.yaml:7: jobs: broken")
			}
			g := &fake{names: []string{"a", "b"}, now: time.Now, files: true}
			return g.config(), nil
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	said.until(t, "READY=1")
	reload <- syscall.SIGHUP
	said.until(t, "RELOADING=1\nMONOTONIC_USEC=")
	said.until(t, "READY=1")
	if body := get(t, d, "/metrics"); !strings.Contains(body, "credrender_config_last_reload_successful 0\n") || !strings.Contains(body, "credrender_jobs 1\n") {
		t.Errorf("after a broken reload: %s", body)
	}
	reload <- syscall.SIGHUP
	said.until(t, "RELOADING=1\nMONOTONIC_USEC=")
	said.until(t, "READY=1")
	for !strings.Contains(get(t, d, "/metrics"), `credrender_job_ticks_total{job_name="b",result="rendered"} 1`) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	said.until(t, "STOPPING=1")
	<-done
	if got := log.String(); !strings.Contains(got, "credrender.yaml:7") || !strings.Contains(got, "reloaded the config: 2 jobs") {
		t.Errorf("said\n%s", got)
	}
}

// The watchdog is fed while there is progress, and no longer than a run may take.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, files: true, takes: time.Hour}
		d := newDaemon(t, f.config(), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		go d.Run(ctx)
		for minute, want := range map[time.Duration]int{time.Minute: 200, 30 * time.Minute: 503, 61 * time.Minute: 200} {
			time.AfterFunc(minute, func() {
				if code := status(d, http.MethodGet, "/healthz", "localhost"); code != want {
					t.Errorf("after %v: %d, want %d", minute, code, want)
				}
			})
		}
		<-ctx.Done()
		time.Sleep(2 * time.Hour) // the run under way ends
	})
}

func TestEndpoints(t *testing.T) {
	f := &fake{names: []string{"a"}, now: time.Now}
	d := newDaemon(t, f.config(), nil)
	tests := []struct {
		method, path, host string
		want               int
	}{
		{http.MethodGet, "/healthz", "localhost", 200},
		{http.MethodGet, "/healthz", "127.0.0.1:9464", 200},
		{http.MethodGet, "/healthz", "[::1]:9464", 200},
		{http.MethodGet, "/metrics", "LOCALHOST:1", 200},
		{http.MethodGet, "/metrics", "evil.example", 403},
		{http.MethodGet, "/metrics", "127.0.0.1.evil.example:80", 403},
		{http.MethodGet, "/metrics", "10.0.0.1", 403},
		{http.MethodGet, "/metrics", "", 403},
		{http.MethodGet, "/readyz", "localhost", 503},
		{http.MethodPost, "/metrics", "localhost", 405},
		{http.MethodHead, "/healthz", "localhost", 405},
		{http.MethodGet, "/other", "localhost", 404},
	}
	for _, tt := range tests {
		if got := status(d, tt.method, tt.path, tt.host); got != tt.want {
			t.Errorf("%s %s of %q: %d, want %d", tt.method, tt.path, tt.host, got, tt.want)
		}
	}
	d.Tick(t.Context())
	if body := get(t, d, "/readyz"); !strings.HasSuffix(body, "without their files: a\n") {
		t.Errorf("not ready: got %q", body)
	}
	f.files = true
	if got := status(d, http.MethodGet, "/readyz", "localhost"); got != 200 {
		t.Errorf("ready: got %d", got)
	}
}

// Every line is of the text format, every family has its help and type once and
// is documented, and labels cannot break out.
func TestMetrics(t *testing.T) {
	f := &fake{names: []string{"a", "q\"uo\\te\nd"}, now: time.Now, code: 5, debt: &state.Debt{Attempts: 3}}
	d := newDaemon(t, f.config(), func(o *daemon.Options) {
		o.Usage = func() daemon.Usage {
			return daemon.Usage{Requests: map[string]int{"dynamodb.Query": 7}, ReadUnits: 3.5}
		}
	})
	d.Tick(t.Context())
	body := get(t, d, "/metrics")
	page, err := os.ReadFile("../../docs/daemon.md")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`^# (HELP|TYPE) (credrender_[a-z_]+) .+$`)
	line := regexp.MustCompile(`^(credrender_[a-z_]+)(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? [0-9.]+$`)
	families := map[string]int{}
	seen := map[string]bool{}
	for l := range strings.Lines(body) {
		l = strings.TrimSuffix(l, "\n")
		if m := comment.FindStringSubmatch(l); m != nil {
			families[m[2]]++
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil || families[m[1]] != 2 {
			t.Errorf("not of the format, or out of its family: %s", l)
			continue
		}
		if series := l[:strings.LastIndex(l, " ")]; seen[series] {
			t.Errorf("twice: %s", series)
		} else {
			seen[series] = true
		}
	}
	for _, name := range daemon.Names() {
		if families[name] != 2 {
			t.Errorf("%s has no help and type", name)
		}
		if !bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("docs/daemon.md does not have %s", name)
		}
	}
	for _, want := range []string{
		`credrender_job_hook_owed{job_name="a"} 1`, `credrender_job_hook_failed_attempts{job_name="a"} 3`, `credrender_job_last_exit_code{job_name="a"} 5`,
		`credrender_certificate_expiry_timestamp_seconds{job_name="a",dest="/a"} 2000000000`, `credrender_dynamodb_read_units_total 3.5`,
		`credrender_aws_requests_total{service="dynamodb",operation="Query"} 7`, `{job_name="q\"uo\\te\nd"} 1`, `credrender_job_ticks_total{job_name="a",result="failed"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %s:\n%s", want, body)
		}
	}
}

// The alert rules speak of metrics that exist.
func TestRulesKnowTheirMetrics(t *testing.T) {
	rules, err := os.ReadFile("../../examples/prometheus/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var groups struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(rules, &groups); err != nil || len(groups.Groups) != 1 || len(groups.Groups[0].Rules) < 5 {
		t.Fatalf("got %v, %v", groups, err)
	}
	name := regexp.MustCompile(`credrender_[a-z_]+`)
	for _, r := range groups.Groups[0].Rules {
		found := name.FindAllString(r.Expr, -1)
		for _, m := range found {
			if !slices.Contains(daemon.Names(), m) {
				t.Errorf("%s: there is no metric %s", r.Alert, m)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s is about none of our metrics", r.Alert)
		}
	}
}

func TestTextfile(t *testing.T) {
	dir := t.TempDir()
	f := &fake{names: []string{"a"}, now: time.Now}
	d := newDaemon(t, f.config(), func(o *daemon.Options) { o.Textfile = filepath.Join(dir, "credrender.prom") })
	for range 3 {
		d.Tick(t.Context())
	}
	data, err := os.ReadFile(filepath.Join(dir, "credrender.prom"))
	if err != nil || !bytes.Contains(data, []byte(`credrender_job_ticks_total{job_name="a",result="rendered"} 3`)) {
		t.Errorf("got %v\n%s", err, data)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	if info, err := os.Stat(filepath.Join(dir, "credrender.prom")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// A socket that nobody answers at is replaced, another daemon's is not.
func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	l, err := daemon.Listen(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := daemon.Listen(t.Context(), "unix:"+path); err == nil {
		t.Error("took the socket of a daemon that answers")
	}
}

func get(t *testing.T, d *daemon.Daemon, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost"
	d.Handler().ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Body)
	return string(body)
}

func status(d *daemon.Daemon, method, path, host string) int {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	d.Handler().ServeHTTP(w, r)
	return w.Code
}

// heard is what systemd would hear.
type heard struct {
	path  string
	lines chan string
}

func listen(t *testing.T) *heard {
	t.Helper()
	h := &heard{filepath.Join(t.TempDir(), "notify"), make(chan string, 1000)}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: h.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			h.lines <- string(buf[:n])
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return h
}

func (h *heard) notifier(t *testing.T) *daemon.Notifier {
	t.Helper()
	env := map[string]string{"NOTIFY_SOCKET": h.path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}
	n := daemon.NewNotifier(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if n.Watchdog() != 30*time.Second {
		t.Errorf("watchdog: %v", n.Watchdog())
	}
	return n
}

// until waits for a message that begins so.
func (h *heard) until(t *testing.T, prefix string) {
	t.Helper()
	for {
		select {
		case l := <-h.lines:
			if strings.HasPrefix(l, prefix) {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("systemd did not hear %s", prefix)
		}
	}
}
