//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/credrender/credrender/test/awsfake"
)

// Every query of the dashboard, sent to a Prometheus that scrapes a daemon with
// a job that succeeds, a job that fails, a hook and a certificate, finds data.
// A panel that may be empty is one whose description tells when.
func TestPrometheusAnswersTheDashboard(t *testing.T) {
	d := startWatchedDaemon(t)
	p := startPrometheus(t, d.metrics)
	queries := dashboardQueries(t)
	if len(queries) < 20 {
		t.Fatalf("the dashboard has %d queries", len(queries))
	}
	for i := range 8 { // counters that rise, within the range of the queries
		d.credrender.want(t, 0, "put", "app.password", fmt.Sprint("value ", i))
		eventually(t, "the rotation is rendered", func() bool { return readFile(t, d.dest) == fmt.Sprint("value ", i) })
	}
	for _, q := range queries {
		if q.mayBeEmpty {
			p.query(t, q.expr) // it must be one that Prometheus accepts
			continue
		}
		eventually(t, fmt.Sprintf("panel %q has data: %s", q.panel, q.expr), func() bool { return p.query(t, q.expr) > 0 })
	}
	eventually(t, "an alert fires for the job that fails", func() bool { return p.query(t, `ALERTS{job_name="fails"}`) > 0 })
	if body := p.get(t, "/api/v1/alerts", nil); strings.Contains(body, "error expanding") {
		t.Errorf("an annotation cannot be expanded:\n%s", body)
	}
}

// The metrics pass Prometheus's own linter, by HTTP and as a textfile.
func TestPrometheusTakesTheMetrics(t *testing.T) {
	d := startWatchedDaemon(t)
	for name, text := range map[string]string{"http": httpGet(t, "http://"+d.metrics+"/metrics"), "textfile": readFile(t, d.textfile)} {
		if !strings.Contains(text, "credrender_ready") {
			t.Errorf("%s: no metrics:\n%s", name, text)
		}
		if r := promtool(t).runInput(t, text, "check", "metrics"); r.Code != 0 {
			t.Errorf("%s: promtool check metrics: exit code %d\n%s%s", name, r.Code, r.Stdout, r.Stderr)
		}
	}
}

// watchedDaemon is a daemon over an AWS of its own.
type watchedDaemon struct {
	credrender              command
	metrics, dest, textfile string
}

func startWatchedDaemon(t *testing.T) watchedDaemon {
	t.Helper()
	dir := t.TempDir()
	d := watchedDaemon{metrics: freeAddress(t), dest: filepath.Join(dir, "app.conf"), textfile: filepath.Join(dir, "credrender.prom")}
	config := writeFile(t, dir, "credrender.yaml", fmt.Sprintf(`schedule: "@every 1s"
listen: %s
textfile: %s
jobs:
  - {name: app, secret: app.password, dest: %s, hook: "true"}
  - {name: tls, secret: app.crt, dest: %s/app.crt, format: pem}
  - {name: fails, secret: nowhere, dest: %[4]s/fails}
`, d.metrics, d.textfile, d.dest, dir))
	d.credrender = newCommand(t, binary, awsfake.Start(t).Env(), "--config", config, "--state-dir", filepath.Join(dir, "state"))
	d.credrender.want(t, 0, "setup")
	d.credrender.want(t, 0, "put", "app.password", "first")
	d.credrender.wantInput(t, 0, newPair(t, siteName).certPEM, "put", "app.crt", "-")
	startUntilEnd(t, d.credrender.env, d.credrender.path, append(d.credrender.args, "daemon")...)
	eventually(t, "the daemon has rendered and written its metrics", func() bool {
		_, err := os.Stat(d.textfile)
		return err == nil && strings.Contains(httpGet(t, "http://"+d.metrics+"/metrics"), `credrender_certificate_expiry_timestamp_seconds{`)
	})
	return d
}

// startUntilEnd runs a program until the test ends, and prints what it wrote if
// the test failed.
func startUntilEnd(t *testing.T, env []string, path string, args ...string) {
	t.Helper()
	cmd := exec.Command(path, args...) // the test's own words
	cmd.Env, cmd.Dir = env, t.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	log, err := os.Create(filepath.Join(cmd.Dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it was told to stop
		_ = log.Close()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(path), readFile(t, log.Name()))
		}
	})
}

// prometheusServer is a Prometheus with the example's rules, which fire at once.
type prometheusServer struct{ url string }

func startPrometheus(t *testing.T, target string) prometheusServer {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	rules := regexp.MustCompile(`(?m)^\s*for: .*\n`).ReplaceAllString(readFile(t, prometheusExample+"rules.yaml"), "")
	writeFile(t, dir, "rules.yaml", rules)
	config := writeFile(t, dir, "prometheus.yml", fmt.Sprintf(`global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs: [{job_name: credrender, static_configs: [{targets: [%q]}]}]
`, target))
	startUntilEnd(t, newCommand(t, "", nil).env, program(t, "prometheus"), "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=warn")
	p := prometheusServer{"http://" + address}
	eventually(t, "Prometheus is ready and has scraped", func() bool {
		resp, err := http.Get(p.url + "/-/ready") // a test's
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK && p.query(t, "credrender_build_info") > 0
	})
	return p
}

func (p prometheusServer) get(t *testing.T, path string, values url.Values) string {
	t.Helper()
	return httpGet(t, p.url+path+"?"+values.Encode())
}

// query returns how many series a query has now that are numbers.
func (p prometheusServer) query(t *testing.T, expr string) (series int) {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal([]byte(p.get(t, "/api/v1/query", url.Values{"query": {expr}})), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Status != "success" {
		t.Fatalf("%s: %s", expr, answer.Error)
	}
	for _, r := range answer.Data.Result {
		if r.Value[1] != "NaN" {
			series++
		}
	}
	return series
}

// httpGet returns the body; "" where nobody answers.
func httpGet(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address) // a test's, on loopback
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// dashboardQuery is one query of a panel, with the dashboard's variables at
// "All" and its time ranges short.
type dashboardQuery struct {
	panel, expr string
	mayBeEmpty  bool
}

func dashboardQueries(t *testing.T) (queries []dashboardQuery) {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title, Description string
			Targets            []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readFile(t, prometheusExample+"dashboard/credrender.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$instance", ".*", "$job_name", ".*", "$__rate_interval", "30s", "$__range", "1m")
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			expr := variables.Replace(target.Expr)
			if expr == "" || strings.Contains(expr, "$") {
				t.Errorf("panel %q has the query %q", p.Title, target.Expr)
			}
			queries = append(queries, dashboardQuery{p.Title, expr, strings.HasPrefix(p.Description, "Empty ")})
		}
	}
	return queries
}
