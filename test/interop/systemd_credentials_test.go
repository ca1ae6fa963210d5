//go:build interop

package interop

import (
	"strings"
	"testing"
)

// examples/systemd, as its README has it: a service gets its key as a systemd
// credential. Without the file it fails, whatever else is there.
func TestSystemdCredentials(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		aws := newMachineAWS(t, m)
		m.installCredentials(t)
		m.boot(t, bootLimit)
		m.credrender(t, 0, "setup")
		m.put(t, "app.tls.key", "first", "env=prod", "service=app")
		aws.refuse(t)
		m.want(t, 0, "systemctl", "start", "--no-block", "app.service")
		eventually(t, "the service fails for want of its credential", func() bool {
			return m.property(t, "app.service", "ExecMainStatus") == "243" && strings.Contains(m.journal(t, "app.service"), "CREDENTIALS")
		})
		if got := m.property(t, "credrender.service", "ActiveState"); got == "active" {
			t.Error("credrender.service counts as started without its file")
		}
		aws.answer(t)
		m.wantKey(t, "first")
		if got := m.want(t, 0, "stat", "-c", "%a %U", "/run/credrender/app.key").Stdout; got != "400 root\n" {
			t.Errorf("mode and owner of the file are %q", got)
		}
		m.put(t, "app.tls.key", "second", "env=prod", "service=app")
		m.wantKey(t, "second")
		m.want(t, 0, "systemctl", "restart", "credrender.service")
		m.wantActive(t, "app.service")
		m.want(t, 0, "systemctl", "stop", "credrender.service", "app.service")
		m.want(t, 0, "rm", "/run/credrender/app.key")
		m.want(t, 0, "systemctl", "mask", "--runtime", "credrender.service")
		if m.run(t, "systemctl", "start", "app.service"); m.property(t, "app.service", "ActiveState") == "active" {
			t.Error("the service starts without its credential")
		}
	})
}

// installCredentials installs the example, with a program that notes which key
// it got, and pauses that a test can wait for.
func (m *machine) installCredentials(t *testing.T) {
	t.Helper()
	const example, units = "../../examples/systemd/", "/etc/systemd/system/"
	m.configure(t, strings.Replace(readFile(t, example+"credrender.yaml"), `"*/5 * * * *"`, `"@every 1s"`, 1)+"timeout: 2s\n")
	m.write(t, units+"app.service", readFile(t, example+"app.service"), 0o644)
	m.write(t, units+"app.service.d/credentials.conf", readFile(t, example+"app.service.d/credentials.conf"), 0o644)
	m.write(t, units+"app.service.d/test.conf", "[Service]\nRestartSec=1s\n", 0o644)
	m.dropIn(t, "TimeoutStartSec=5s\nRestartSec=1s\n")
	m.write(t, "/usr/local/bin/app", "#!/bin/sh\ncp \"$2\" /run/app/read && exec sleep infinity\n", 0o755)
}

func (m *machine) wantKey(t *testing.T, key string) {
	t.Helper()
	eventually(t, "the service runs with the key "+key, func() bool {
		return m.read(t, "/run/app/read") == key && m.property(t, "app.service", "ActiveState") == "active"
	})
}
