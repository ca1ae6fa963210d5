//go:build interop

package interop

import (
	"strings"
	"testing"
	"time"
)

// The hook that the docs recommend, for a service that is ordered as the docs
// recommend, does not wait for the daemon that waits for it: neither at boot,
// nor at a start by hand, nor at a rotation. [findings 2]
func TestSystemdHookOfAnOrderedService(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.newApp(t, "systemctl try-reload-or-restart app")
		m.seed(t)
		m.halt(t)
		took := m.boot(t, bootLimit)
		t.Logf("first render and hook at boot: %.1f s", took.Seconds())
		m.wantFresh(t, "first")
		m.put(t, "app.password", "second")
		m.wantFresh(t, "second")
		m.want(t, 0, "systemctl", "stop", "credrender.service") // app.service, which only wants it, goes on
		m.put(t, "app.password", "third")
		began := time.Now()
		m.want(t, 0, "systemctl", "start", "credrender.service") // whose hook meets a service that runs and is ordered after it
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the daemon starts after %.0f s", took.Seconds())
		}
		m.wantFresh(t, "third")
	})
}

// wantFresh waits until the service runs with that password and no hook is pending.
func (m *machine) wantFresh(t *testing.T, password string) {
	t.Helper()
	eventually(t, "app.service has read "+password, func() bool { return m.read(t, "/run/app.read") == "password="+password })
	eventually(t, "no hook is pending", func() bool {
		r := m.run(t, "credrender", "status", "--check", "--max-age", "1h")
		return r.Code == 0
	})
	m.wantActive(t, "app.service", "credrender.service")
}

// systemctl stop waits for a hook that runs.
func TestSystemdStopWaitsForTheHook(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.running(t, "touch /run/hook.began; sleep 3; touch /run/hook.ended")
		eventually(t, "the first hook has ended", func() bool { return m.run(t, "rm", "/run/hook.ended").Code == 0 })
		m.want(t, 0, "rm", "/run/hook.began")
		m.put(t, "app.password", "second")
		eventually(t, "the hook has begun", func() bool { return m.exists(t, "/run/hook.began") })
		m.want(t, 0, "systemctl", "stop", "credrender.service")
		m.want(t, 0, "test", "-e", "/run/hook.ended")
		if got := m.property(t, "credrender.service", "Result"); got != "success" {
			t.Errorf("the service ends with %s", got)
		}
	})
}

// A daemon that waits for an answer of AWS has nothing to finish.
func TestSystemdStopDoesNotWaitForAWS(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		aws := m.running(t, "touch /run/hook")
		aws.beSilent(t)
		time.Sleep(3 * time.Second) // until a tick has begun to wait
		m.want(t, 0, "systemctl", "stop", "--no-block", "credrender.service")
		eventually(t, "the daemon has stopped", func() bool { return m.property(t, "credrender.service", "ActiveState") == "inactive" })
	})
}

// Power that is cut while verify runs leaves new files that nobody accepted;
// at the next boot the old ones are back before any service starts, with AWS away.
func TestSystemdRecoversAtBoot(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		aws := m.running(t, "touch /run/hook")
		m.configure(t, strings.Replace(m.read(t, "/etc/credrender/credrender.yaml"), "hook:", "verify: 'touch /run/verify; sleep 20', hook:", 1))
		m.put(t, "app.password", "second")
		m.want(t, 0, "systemctl", "kill", "--kill-whom=main", "--signal=HUP", "credrender.service")
		eventually(t, "verify runs", func() bool { return m.exists(t, "/run/verify") })
		if got := m.read(t, "/etc/app.conf"); got != "password=second" {
			t.Fatalf("while verify runs the file is %q", got)
		}
		m.cutPower()
		aws.refuse(t)
		took := m.boot(t, bootLimit)
		t.Logf("boot with recovery, AWS refusing: %.1f s", took.Seconds())
		if got := m.read(t, "/run/app.read"); got != "password=first" {
			t.Errorf("app.service read %q", got)
		}
		if got := m.property(t, "credrender-recover.service", "Result"); got != "success" {
			t.Errorf("credrender-recover.service ends with %s", got)
		}
		aws.answer(t) // so that the render that waits for it ends, and the machine with it
	})
}

// The sandbox of the units, as their README lists it, and the units verified by
// the systemd that runs them.
func TestSystemdSandbox(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		m.running(t, "sh -c 'cat /proc/self/status >/run/hook.status; ulimit -c >/run/hook.core; touch /usr/hook 2>>/run/hook.core; touch /root/hook 2>>/run/hook.core; touch /etc/hook'")
		eventually(t, "the hook has run", func() bool { return m.exists(t, "/etc/hook") })
		if got := m.read(t, "/run/hook.core"); !strings.HasPrefix(got, "0\n") || strings.Count(got, "Read-only file system") != 2 {
			t.Errorf("limit of cores, then two writes that must fail:\n%s", got)
		}
		if got := m.read(t, "/run/hook.status"); !strings.Contains(got, "Seccomp:\t2") || strings.Contains(got, "CapBnd:\t000001ffffffffff") {
			t.Errorf("the hook has no sandbox:\n%s", got)
		}
		verify := []string{"sh", "-c", "systemd-analyze verify --man=no /usr/local/lib/systemd/system/credrender*"}
		if r := m.want(t, 0, verify...); r.Stdout+r.Stderr != "" {
			t.Errorf("systemd-analyze verify reports:\n%s%s", r.Stdout, r.Stderr)
		}
	})
}

// A host with the timer instead of the daemon: a service that is ordered after
// the boot unit starts with its file at the first boot, and without waiting for AWS at
// later ones; the hook is left to the timer's run, which systemd queues behind nothing. [findings 2]
func TestSystemdTimerAndBootUnit(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		aws := m.newApp(t, "systemctl try-reload-or-restart app")
		m.seed(t)
		m.write(t, "/etc/systemd/system/app.service", strings.ReplaceAll(appUnit, "credrender.service", "credrender-boot.service"), 0o644)
		m.want(t, 0, "systemctl", "disable", "--quiet", "credrender.service")
		m.want(t, 0, "systemctl", "enable", "--quiet", "credrender-boot.service")
		m.halt(t)
		took := m.boot(t, bootLimit)
		t.Logf("boot with credrender-boot.service, first render: %.1f s", took.Seconds())
		m.wantTimerHook(t, "second")
		for name, weather := range map[string]func(*testing.T){"refusing": aws.refuse, "silent": aws.beSilent} {
			m.halt(t)
			weather(t)
			took = m.boot(t, bootLimit)
			t.Logf("boot with credrender-boot.service, AWS %s: %.1f s, of which the unit %.1f s", name, took.Seconds(),
				m.seconds(t, "credrender-boot.service", "InactiveExit", "ActiveEnter").Seconds())
			m.wantActive(t, "app.service")
			if got := m.read(t, "/run/app.read"); got != "password=second" {
				t.Errorf("AWS %s: app.service read %q", name, got)
			}
		}
	})
}

// wantTimerHook rotates the secret and does what the timer does.
func (m *machine) wantTimerHook(t *testing.T, password string) {
	t.Helper()
	m.put(t, "app.password", password)
	began := time.Now()
	m.want(t, 0, "systemctl", "start", "credrender-render.service")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the timer's run takes %.0f s", took.Seconds())
	}
	if got := m.read(t, "/run/app.read"); got != "password="+password {
		t.Errorf("after the timer's run app.service has read %q", got)
	}
}
