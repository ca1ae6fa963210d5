package daemon_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/state"
)

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
	if body := get(t, d, "/readyz"); !strings.HasSuffix(body, "missing files: a\na: /a is missing\n") {
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
	f := &fake{names: []string{"a", "q\"uo\\te\nd"}, now: time.Now, code: 5, pending: &state.PendingHook{Attempts: 3}}
	d := newDaemon(t, f.config(), func(o *daemon.Options) {
		o.Usage = func() daemon.Usage {
			return daemon.Usage{Requests: map[string]int{"dynamodb.Query": 7}, ReadUnits: 3.5}
		}
	})
	d.Tick(t.Context())
	body := get(t, d, "/metrics")
	page, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`^# (HELP|TYPE) (credrender_[a-z_]+) .+$`)
	line := regexp.MustCompile(`^(credrender_[a-z_]+?)(?:_bucket|_sum|_count)?(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? [0-9.]+$`)
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
			t.Errorf("docs/monitoring.md does not have %s", name)
		}
	}
	for _, want := range []string{
		`credrender_job_hook_pending{job_name="a"} 1`, `credrender_job_hook_failed_attempts{job_name="a"} 3`, `credrender_job_last_exit_code{job_name="a"} 5`,
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
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(rules, &groups); err != nil || len(groups.Groups) != 1 || len(groups.Groups[0].Rules) < 5 {
		t.Fatalf("got %v, %v", groups, err)
	}
	runbook, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`credrender_[a-z_]+`)
	for _, r := range groups.Groups[0].Rules {
		found := name.FindAllString(r.Expr, -1)
		for _, m := range found {
			if !slices.Contains(daemon.Names(), m) {
				t.Errorf("%s: there is no metric %s", r.Alert, m)
			}
		}
		if !bytes.Contains(runbook, []byte("\n## "+r.Alert+"\n")) || !strings.HasSuffix(r.Annotations["runbook_url"], "docs/runbook.md#"+strings.ToLower(r.Alert)) {
			t.Errorf("%s has no page in the runbook, or another's: %s", r.Alert, r.Annotations["runbook_url"])
		}
		if len(found) == 0 {
			t.Errorf("%s is about none of our metrics", r.Alert)
		}
	}
}

// So does each query of the dashboard.
func TestDashboardKnowsItsMetrics(t *testing.T) {
	data, err := os.ReadFile("../../examples/prometheus/dashboard/credrender.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil || len(dashboard.Panels) < 10 {
		t.Fatalf("got %d panels, %v", len(dashboard.Panels), err)
	}
	name := regexp.MustCompile(`credrender_[a-z_]+`)
	for _, p := range dashboard.Panels {
		for _, q := range p.Targets {
			found := name.FindAllString(q.Expr, -1)
			for _, m := range found {
				if !slices.Contains(daemon.Names(), strings.TrimSuffix(m, "_bucket")) {
					t.Errorf("%s: there is no metric %s", p.Title, m)
				}
			}
			if len(found) == 0 {
				t.Errorf("%s asks for none of our metrics", p.Title)
			}
		}
	}
}

// metricOf reads one value of a textfile.
func metricOf(t *testing.T, path, prefix string) float64 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "\n"+prefix)
	value, _, _ := strings.Cut(rest, "\n")
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		t.Fatalf("%s: %v in\n%s", prefix, err, data)
	}
	return f
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
	long := path + strings.Repeat("x", 200)
	if _, err := daemon.Listen(t.Context(), "unix:"+long); err == nil || !strings.Contains(err.Error(), "a socket's may have about 100") {
		t.Errorf("a path that is too long: %v", err)
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
