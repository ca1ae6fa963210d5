//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// systemd itself reads the units: every key, every value, every command.
func TestSystemdTakesTheUnits(t *testing.T) {
	analyze := newCommand(t, program(t, "systemd-analyze"), nil)
	dir, units := t.TempDir(), []string{"verify", "--man=no", "--recursive-errors=no"}
	start := regexp.MustCompile(`(?m)^ExecStart=credrender (\S+)$`)
	for _, path := range shippedUnits(t) {
		text := readFile(t, path)
		if m := start.FindStringSubmatch(text); m != nil {
			help := newCommand(t, binary, nil).want(t, 0, m[1], "--help").Stdout
			if !strings.Contains(help, "credrender "+m[1]) { // of a command that is not there it is the program's own
				t.Errorf("%s starts %q, which is no command", path, m[1])
			}
		}
		// Where systemd looks for commands none of ours need be installed.
		text = strings.NewReplacer("ExecStart=credrender ", "ExecStart="+binary+" ", "ExecReload=credrender ", "ExecReload="+binary+" ").Replace(text)
		units = append(units, writeFile(t, dir, filepath.Base(path), text))
	}
	if r := analyze.want(t, 0, units...); r.Stdout+r.Stderr != "" {
		t.Errorf("systemd-analyze says:\n%s%s", r.Stdout, r.Stderr)
	}
	// It can fail: a misspelt key of a unit that is sound otherwise.
	broken := strings.Replace(readFile(t, units[3]), "[Service]", "[Service]\nWatchdogSeconds=2min", 1)
	if r := analyze.run(t, "verify", "--man=no", "--recursive-errors=no", writeFile(t, dir, "broken.service", broken)); !strings.Contains(r.Stderr, "WatchdogSeconds") {
		t.Errorf("systemd-analyze did not notice a misspelt key:\n%s", r.Stderr)
	}
	for _, unit := range units[3:] {
		if strings.HasSuffix(unit, ".service") {
			lines := strings.Split(strings.TrimSpace(analyze.run(t, "security", "--offline=yes", "--no-pager", unit).Stdout), "\n")
			t.Log(lines[len(lines)-1])
		}
	}
}

// The schedule of the timer is one that systemd has a next time for.
func TestSystemdTakesTheCalendar(t *testing.T) {
	m := regexp.MustCompile(`(?m)^OnCalendar=(.+)$`).FindStringSubmatch(readFile(t, "../../packaging/systemd/credrender-render.timer"))
	if m == nil {
		t.Fatal("the timer has no OnCalendar=")
	}
	newCommand(t, program(t, "systemd-analyze"), nil).want(t, 0, "calendar", m[1])
}

func shippedUnits(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("../../packaging/systemd")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext == ".service" || ext == ".timer" {
			paths = append(paths, filepath.Join("../../packaging/systemd", e.Name()))
		}
	}
	return paths
}
