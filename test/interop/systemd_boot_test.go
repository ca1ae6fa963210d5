//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// bootLimit is within what time a boot has to end that need not wait for AWS:
// --boot-wait is 2 s, and a machine with nothing to do takes 1 s.
const bootLimit = 15 * time.Second

// appUnit is a service as the README of the units describes it: it reads a
// rendered file and starts after the daemon. It copies what it read, so that a
// test can tell old from new.
const appUnit = `[Unit]
Wants=credrender.service
After=credrender.service
[Service]
Type=exec
ExecStart=/bin/sh -c 'cp /etc/app.conf /run/app.read && exec sleep infinity'
[Install]
WantedBy=multi-user.target
`

// newApp is a machine with the service app, one job that renders its file from
// the secret app.password, and AWS.
func (m *machine) newApp(t *testing.T, hook string) *machineAWS {
	t.Helper()
	aws := newMachineAWS(t, m)
	m.write(t, "/etc/systemd/system/app.service", appUnit, 0o644)
	m.outside(t, "systemctl", "--root", m.root, "enable", "--quiet", "app.service", "credrender.service")
	m.configure(t, fmt.Sprintf("schedule: '@every 1s'\njobs:\n  - {name: app, content: 'password={{ secret \"app.password\" }}', dest: /etc/app.conf, hook: %q}\n", hook))
	return aws
}

func (m *machine) configure(t *testing.T, config string) {
	t.Helper()
	m.write(t, "/etc/credrender/credrender.yaml", config, 0o644)
}

// seed boots the machine with the daemon's services held back, stores the
// secret, and renders for the first time.
func (m *machine) seed(t *testing.T) {
	t.Helper()
	m.outside(t, "systemctl", "--root", m.root, "disable", "--quiet", "app.service", "credrender.service")
	m.boot(t, bootLimit)
	m.credrender(t, 0, "setup")
	m.put(t, "app.password", "first")
	m.want(t, 0, "systemctl", "enable", "--quiet", "app.service", "credrender.service")
}

// A host that has rendered before boots without waiting for AWS, and what is
// ordered after the daemon starts with the last good files. [findings 5]
func TestSystemdBootsWithoutAWS(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		aws := m.newApp(t, "touch /run/hook")
		m.seed(t)
		m.want(t, 0, "systemctl", "start", "app.service")
		m.halt(t)
		for _, weather := range []struct {
			name string
			set  func(*testing.T)
		}{{"answering", aws.answer}, {"refusing", aws.refuse}, {"silent", aws.beSilent}} {
			t.Run(weather.name, func(t *testing.T) {
				weather.set(t)
				took := m.boot(t, bootLimit)
				t.Logf("AWS %s: boot %.1f s, credrender.service READY after %.2f s", weather.name, took.Seconds(),
					m.seconds(t, "credrender.service", "InactiveExit", "ActiveEnter").Seconds())
				m.wantActive(t, "credrender.service", "app.service")
				if got := m.read(t, "/run/app.read"); got != "password=first" {
					t.Errorf("app.service read %q", got)
				}
				aws.answer(t) // so that the render that waits for it ends, and the machine with it
				m.halt(t)
			})
		}
	})
}

func (m *machine) wantActive(t *testing.T, units ...string) {
	t.Helper()
	for _, unit := range units {
		if got := m.property(t, unit, "ActiveState"); got != "active" {
			t.Errorf("%s is %s, want active", unit, got)
		}
	}
}

// A secret that changed while the host was off is in place before READY where
// AWS answers within --boot-wait.
func TestSystemdBootTakesNews(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.newApp(t, "touch /run/hook")
		m.seed(t)
		m.want(t, 0, "systemctl", "start", "credrender.service")
		m.want(t, 0, "systemctl", "stop", "credrender.service")
		m.put(t, "app.password", "second")
		m.halt(t)
		m.boot(t, bootLimit)
		if got := m.read(t, "/run/app.read"); got != "password=second" {
			t.Errorf("app.service read %q", got)
		}
		eventually(t, "the hook has run", func() bool { return m.exists(t, "/run/hook") })
	})
}

// A file that a package put at DEST is not one that credrender installed: with
// AWS away the start fails, says why, and what requires the daemon stays down.
// ready: best-effort starts all the same. [must-show 3]
func TestSystemdDoesNotTakeAPackagesFileForItsOwn(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		aws := newMachineAWS(t, m)
		const job = "jobs:\n  - {name: web, content: '# {{ secret \"web.note\" }}', dest: /etc/nginx/nginx.conf, verify: nginx -t, hook: systemctl try-reload-or-restart nginx}\n"
		m.configure(t, "schedule: '@every 1s'\ntimeout: 2s\n"+job)
		m.write(t, "/etc/systemd/system/nginx.service.d/credrender.conf", "[Unit]\nRequires=credrender.service\nAfter=credrender.service\n", 0o644)
		if !isFull() { // systemd loses its patience before the daemon, which waits for 30 s at least
			m.dropIn(t, "TimeoutStartSec=10s\n")
		}
		m.outside(t, "systemctl", "--root", m.root, "enable", "--quiet", "credrender.service", "nginx.service")
		aws.refuse(t)
		took := m.boot(t, 60*time.Second)
		t.Logf("AWS refusing, nginx's default file at DEST: boot %.1f s", took.Seconds())
		before := m.read(t, "/etc/nginx/nginx.conf")
		if !strings.Contains(before, "worker_processes") {
			t.Fatalf("nginx.conf is not Debian's:\n%s", before)
		}
		if got := m.property(t, "nginx.service", "ActiveState"); got == "active" {
			t.Error("nginx.service, which requires credrender.service, has started")
		}
		if got := m.property(t, "credrender.service", "ActiveState"); got == "active" {
			t.Error("credrender.service counts as started without the files of its job")
		}
		log := m.journal(t, "credrender.service")
		for _, want := range []string{"web", "connection refused"} {
			if !strings.Contains(log, want) {
				t.Errorf("the journal does not say %q:\n%s", want, log)
			}
		}
		m.configure(t, "schedule: '@every 1s'\ntimeout: 2s\nready: best-effort\n"+job)
		m.want(t, 0, "systemctl", "restart", "credrender.service")
		m.wantActive(t, "credrender.service")
		if got := m.read(t, "/etc/nginx/nginx.conf"); got != before {
			t.Error("nginx.conf changed without AWS")
		}
	})
}

// cloud-init may write the config after the daemon has started.
func TestSystemdWaitsForTheConfig(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		newMachineAWS(t, m)
		m.boot(t, bootLimit)
		m.credrender(t, 0, "setup")
		m.put(t, "app.password", "first")
		m.want(t, 0, "systemctl", "start", "--no-block", "credrender.service")
		eventually(t, "the journal tells of the missing config", func() bool {
			return strings.Contains(m.journal(t, "credrender.service"), "/etc/credrender/credrender.yaml")
		})
		m.configure(t, "jobs:\n  - {name: app, content: '{{ secret \"app.password\" }}', dest: /etc/app.conf, schedule: '@every 1s'}\n")
		eventually(t, "the config is found and its job rendered", func() bool { return m.read(t, "/etc/app.conf") == "first" })
		eventually(t, "the daemon is ready", func() bool { return m.property(t, "credrender.service", "ActiveState") == "active" })
	})
}
