//go:build interop

package interop

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const prometheusExample = "../../examples/prometheus/"

// promtool is Debian's, from the package that prepare unpacks.
func promtool(t *testing.T) command {
	t.Helper()
	return newCommand(t, program(t, "promtool"), nil)
}

// The rules pass all of promtool's lints, and each alert fires on the fault that it is
// for and on no other.
func TestPrometheusRules(t *testing.T) {
	promtool(t).want(t, 0, "check", "rules", "--lint=all", "--lint-fatal", absolute(t, prometheusExample+"rules.yaml"))
	rules, histories := readFile(t, prometheusExample+"rules.yaml"), readFile(t, prometheusExample+"rules_test.yaml")
	dir := t.TempDir()
	writeFile(t, dir, "rules.yaml", rules)
	tests := writeFile(t, dir, "rules_test.yaml", histories)
	promtool(t).want(t, 0, "test", "rules", tests)
	for _, alert := range alerts(t) {
		if !strings.Contains(histories, "alertname: "+alert+",") && !strings.Contains(histories, "alertname: "+alert+"\n") {
			t.Errorf("rules_test.yaml does not test %s", alert)
		}
	}
	// It can fail: a rule with another threshold.
	writeFile(t, dir, "rules.yaml", strings.Replace(rules, "last_exit_code != 0", "last_exit_code > 4", 1))
	promtool(t).want(t, 1, "test", "rules", tests)
}

// promtool parses the metrics of a render without a daemon.
func TestPrometheusTakesTheMetricsOfARender(t *testing.T) {
	dir := t.TempDir()
	config := writeFile(t, dir, "credrender.yaml", "state_dir: state\ntextfile: m.prom\njobs: [{name: a, content: x, dest: "+dir+"/out, hook: 'true'}]\n")
	newCommand(t, binary, nil).want(t, 0, "render", "-c", config)
	promtool(t).wantInput(t, 0, readFile(t, dir+"/m.prom"), "check", "metrics")
}

// alerts returns the names of all alerts of the example.
func alerts(t *testing.T) (names []string) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Alert string }
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, prometheusExample+"rules.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
		}
	}
	if len(names) == 0 {
		t.Fatal("rules.yaml has no alerts")
	}
	return names
}
