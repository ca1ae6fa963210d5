//go:build interop

package interop

import (
	"strings"
	"testing"
)

// Prometheus itself reads the alert rules, has each of them fire on its fault and on
// no other, and parses the metrics of a render.
func TestPrometheusTakesRulesAndMetrics(t *testing.T) {
	promtool := newCommand(t, program(t, "promtool"), nil)
	text, dir := readFile(t, "../../examples/prometheus/rules.yaml"), t.TempDir()
	rules := writeFile(t, dir, "rules.yaml", text)
	tests := writeFile(t, dir, "rules_test.yaml", readFile(t, "../../examples/prometheus/rules_test.yaml"))
	promtool.want(t, 0, "check", "rules", rules)
	promtool.want(t, 0, "test", "rules", tests)
	// It can fail: a rule of another threshold.
	writeFile(t, dir, "rules.yaml", strings.Replace(text, "last_exit_code != 0", "last_exit_code > 4", 1))
	promtool.want(t, 1, "test", "rules", tests)

	config := writeFile(t, dir, "credrender.yaml", "state_dir: state\ntextfile: m.prom\njobs: [{name: a, content: x, dest: "+dir+"/out, hook: 'true'}]\n")
	newCommand(t, binary, nil).want(t, 0, "render", "-c", config)
	promtool.wantInput(t, 0, readFile(t, dir+"/m.prom"), "check", "metrics")
}
