//go:build interop

package interop

import (
	"strings"
	"testing"
	"time"
)

// running is a machine whose daemon has rendered app's file.
func (m *machine) running(t *testing.T, hook string) *machineAWS {
	t.Helper()
	aws := m.newApp(t, hook)
	m.seed(t)
	m.want(t, 0, "systemctl", "start", "app.service")
	return aws
}

// dropIn adds lines to the unit of the daemon.
func (m *machine) dropIn(t *testing.T, lines string) {
	t.Helper()
	m.write(t, "/etc/systemd/system/credrender.service.d/test.conf", "[Service]\n"+lines, 0o644)
}

// mainPID is the daemon, in the machine's numbers.
func (m *machine) mainPID(t *testing.T) string {
	t.Helper()
	return m.property(t, "credrender.service", "MainPID")
}

// A crash, as of a panic or a missed watchdog, restarts the daemon, and leaves
// no core. [findings 1]
func TestSystemdRestartsAfterACrash(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.dropIn(t, "RestartSec=100ms\nWatchdogSec=2s\n")
		m.running(t, "touch /run/hook")
		for _, crash := range []struct{ name, signal string }{
			{"panic", "SEGV"}, // the runtime ends a process as by a panic, with all goroutines printed
			{"killed", "KILL"},
			{"watchdog missed", "STOP"},
		} {
			ok := t.Run(crash.name, func(t *testing.T) {
				before := m.mainPID(t)
				m.signal(t, crash.signal, before)
				eventually(t, "another daemon is ready", func() bool {
					pid := m.mainPID(t)
					return pid != before && pid != "0" && m.property(t, "credrender.service", "ActiveState") == "active"
				})
				if crash.signal == "STOP" && !strings.Contains(m.journal(t, "credrender.service"), "atchdog timeout") {
					t.Error("the journal has no missed watchdog")
				}
			})
			if !ok {
				return
			}
		}
		m.put(t, "app.password", "second")
		eventually(t, "the restarted daemon renders", func() bool { return m.read(t, "/etc/app.conf") == "password=second" })
		if cores := m.run(t, "find", "/", "-xdev", "-name", "core*", "-type", "f", "-size", "+1k", "-newer", "/etc/hostname").Stdout; cores != "" {
			t.Errorf("there are cores:\n%s", cores)
		}
	})
}

// Another start would read the same bad config: the unit fails for good, and
// the journal has the line.
func TestSystemdDoesNotRestartForABadConfig(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.dropIn(t, "RestartSec=100ms\n")
		newMachineAWS(t, m)
		m.configure(t, "jobs:\n  - {name: app, content: x, dest: /etc/app.conf, scedule: '@every 1s'}\n")
		m.boot(t, bootLimit)
		if r := m.run(t, "systemctl", "start", "credrender.service"); r.Code == 0 {
			t.Error("a daemon with a bad config starts")
		}
		if got := m.property(t, "credrender.service", "ActiveState") + " " + m.property(t, "credrender.service", "ExecMainStatus") + " " + m.property(t, "credrender.service", "NRestarts"); got != "failed 2 0" {
			t.Errorf("state, exit code and restarts are %q, want failed 2 0", got)
		}
		if log := m.journal(t, "credrender.service", "-p", "err"); !strings.Contains(log, "credrender.yaml:2") || !strings.Contains(log, "schedule") {
			t.Errorf("no error in the journal has file, line and the key that was meant:\n%s", log)
		}
	})
}

// systemctl reload tells whether the new config is in force. [findings 9]
func TestSystemdReload(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.running(t, "touch /run/hook")
		if got := m.property(t, "credrender.service", "StatusText"); got == "" {
			t.Error("the daemon has no status text")
		}
		before := m.mainPID(t)
		good := m.read(t, "/etc/credrender/credrender.yaml")
		m.configure(t, strings.Replace(good, "dest:", "dset:", 1))
		if r := m.run(t, "systemctl", "reload", "credrender.service"); r.Code == 0 {
			t.Error("a reload with a bad config exits 0")
		}
		m.wantActive(t, "credrender.service")
		if log := m.journal(t, "credrender.service", "-p", "warning"); !strings.Contains(log, "credrender.yaml:3") {
			t.Errorf("no warning in the journal has file and line:\n%s", log)
		}
		m.put(t, "app.password", "second")
		eventually(t, "the old config is in force", func() bool { return m.read(t, "/etc/app.conf") == "password=second" })
		m.configure(t, strings.Replace(good, "password=", "pw=", 1))
		m.want(t, 0, "systemctl", "reload", "credrender.service")
		eventually(t, "the new config is in force", func() bool { return m.read(t, "/etc/app.conf") == "pw=second" })
		if got := m.mainPID(t); got != before {
			t.Error("a reload starts another daemon")
		}
	})
}

// journalctl -p warning is where an operator looks first. [findings 6]
func TestSystemdPriorities(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		aws := m.running(t, "touch /run/hook")
		// timeout is how long an outage is not worth a line; the second job is
		// looked at while the hook of the first is pending.
		m.configure(t, m.read(t, "/etc/credrender/credrender.yaml")+"  - {name: other, content: '{{ secret \"app.password\" }}', dest: /etc/other.conf}\ntimeout: 2s\n")
		m.want(t, 0, "systemctl", "restart", "credrender.service")
		log := m.journal(t, "credrender.service")
		for _, want := range []string{"started", "/etc/app.conf"} {
			if !strings.Contains(log, want) {
				t.Errorf("a daemon that has started and rendered does not log %q:\n%s", want, log)
			}
		}
		if log := m.journal(t, "credrender.service", "-p", "warning", "-t", "credrender"); log != "" { // systemd's own aside
			t.Errorf("a success is a warning:\n%s", log)
		}
		m.configure(t, strings.Replace(m.read(t, "/etc/credrender/credrender.yaml"), "touch /run/hook", "exit 3", 1))
		m.want(t, 0, "systemctl", "kill", "--kill-whom=main", "--signal=HUP", "credrender.service")
		m.put(t, "app.password", "second")
		eventually(t, "a failed hook is a warning or worse, with its job", func() bool {
			return hasLine(m.journal(t, "credrender.service", "-p", "warning"), "app", "hook", "exit status 3")
		})
		aws.refuse(t)
		eventually(t, "AWS out of reach is a warning or worse", func() bool {
			return hasLine(m.journal(t, "credrender.service", "-p", "warning"), "other", "connection refused")
		})
		lines := strings.Count(m.journal(t, "credrender.service"), "connection refused")
		time.Sleep(5 * time.Second) // five ticks, which must not each repeat it
		if more := strings.Count(m.journal(t, "credrender.service"), "connection refused") - lines; more > 2 {
			t.Errorf("an outage is repeated %d times in 5 s", more)
		}
	})
}

// hasLine reports whether one line of text has all the words.
func hasLine(text string, words ...string) bool {
	for line := range strings.Lines(text) {
		found := true
		for _, word := range words {
			found = found && strings.Contains(line, word)
		}
		if found {
			return true
		}
	}
	return false
}

// A child does not outlive its daemon, whose successor would wait for its lock.
// KillMode=process keeps systemd from ending it first. [findings 18]
func TestSystemdChildEndsWithItsDaemon(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.dropIn(t, "RestartSec=100ms\nKillMode=process\n")
		aws := m.running(t, "touch /run/hook")
		// The limit ends a change check that AWS's silence catches before the reload.
		m.configure(t, m.read(t, "/etc/credrender/credrender.yaml")+"timeout: 8s\n")
		m.want(t, 0, "systemctl", "reload", "credrender.service")
		eventually(t, "the limit is in force", func() bool { return strings.Contains(m.journal(t, "credrender.service"), "reloaded the config") })
		m.configure(t, strings.Replace(m.read(t, "/etc/credrender/credrender.yaml"), "password=", "pw=", 1))
		aws.beSilent(t)
		m.want(t, 0, "systemctl", "kill", "--kill-whom=main", "--signal=HUP", "credrender.service")
		m.expectOrphanToEnd(t)
		aws.answer(t)
		eventually(t, "the next daemon renders", func() bool { return m.read(t, "/etc/app.conf") == "pw=first" })
	})
}

// expectOrphanToEnd waits for a render of the daemon's, kills the daemon, and
// expects the render to end too.
func (m *machine) expectOrphanToEnd(t *testing.T) {
	t.Helper()
	var daemon, child string
	eventually(t, "the daemon has started a render", func() bool {
		daemon = m.mainPID(t)
		child = strings.TrimSpace(m.run(t, "sh", "-c", "cat /proc/"+daemon+"/task/*/children").Stdout)
		return child != ""
	})
	m.signal(t, "KILL", daemon)
	killed := time.Now()
	eventually(t, "the orphaned render has ended", func() bool { return !m.signal(t, "0", child) })
	if took := time.Since(killed); took > 5*time.Second {
		t.Errorf("the render ended %s after its daemon, by its own limit", took)
	}
}
