//go:build interop

package interop

import (
	"regexp"
	"slices"
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

// Prometheus itself reads the alert rules, and plays the histories of
// examples/prometheus/tests.yaml.
func TestPrometheusRules(t *testing.T) {
	rules, tests := absolute(t, prometheusExample+"rules.yaml"), absolute(t, prometheusExample+"tests.yaml")
	promtool(t).want(t, 0, "check", "rules", "--lint=all", "--lint-fatal", rules)
	r := promtool(t).want(t, 0, "test", "rules", tests)
	if !strings.Contains(r.Stdout+r.Stderr, "SUCCESS") {
		t.Errorf("promtool reports no success:\n%s%s", r.Stdout, r.Stderr)
	}
	for _, alert := range alerts(t) {
		if got := asserted(t, alert); !slices.Contains(got, true) || !slices.Contains(got, false) {
			t.Errorf("tests.yaml must show %s firing and not firing; it shows %v", alert, got)
		}
	}
}

// A rule with another threshold fails the histories: promtool does test them.
func TestPrometheusTestsCanFail(t *testing.T) {
	dir := t.TempDir()
	rules := readFile(t, prometheusExample+"rules.yaml")
	broken := regexp.MustCompile(`> \d+`).ReplaceAllString(rules, "> 99999999999")
	if broken == rules {
		t.Fatal("no threshold found to break")
	}
	writeFile(t, dir, "rules.yaml", broken)
	if r := promtool(t).run(t, "test", "rules", writeFile(t, dir, "tests.yaml", readFile(t, prometheusExample+"tests.yaml"))); r.Code == 0 {
		t.Error("promtool test rules passes with broken rules")
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

// asserted returns, for each assertion about the alert in tests.yaml, whether it
// expects the alert to fire.
func asserted(t *testing.T, alert string) (fires []bool) {
	t.Helper()
	var file struct {
		Tests []struct {
			Assertions []struct {
				Expr    string
				Samples []any `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, prometheusExample+"tests.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, test := range file.Tests {
		for _, a := range test.Assertions {
			if strings.Contains(a.Expr, `"`+alert+`"`) {
				fires = append(fires, len(a.Samples) > 0)
			}
		}
	}
	return fires
}
