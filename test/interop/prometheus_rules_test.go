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

// The rules pass all of promtool's lints, and each alert has a history in
// rules_test.yaml that it is tested with.
func TestPrometheusRules(t *testing.T) {
	promtool(t).want(t, 0, "check", "rules", "--lint=all", "--lint-fatal", absolute(t, prometheusExample+"rules.yaml"))
	tests := readFile(t, prometheusExample+"rules_test.yaml")
	for _, alert := range alerts(t) {
		if !strings.Contains(tests, "alertname: "+alert+",") && !strings.Contains(tests, "alertname: "+alert+"\n") {
			t.Errorf("rules_test.yaml does not test %s", alert)
		}
	}
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
