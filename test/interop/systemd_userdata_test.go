//go:build interop

package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// examples/ec2-user-data on a host without cron: at the first boot the file is
// there, and a timer renders it again. [findings 15]
func TestSystemdUserData(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		newMachineAWS(t, m)
		m.write(t, "/root/user-data.sh", readFile(t, "../../examples/ec2-user-data/user-data.sh"), 0o755)
		m.write(t, "/usr/local/bin/curl", "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done; cp /root/credrender \"$2\"\n", 0o755)
		m.outside(t, "mv", m.root+"/usr/local/bin/credrender", m.root+"/root/credrender")
		m.outside(t, "sh", "-c", "rm "+m.root+"/usr/local/lib/systemd/system/credrender*")                 // the script brings what it needs
		m.write(t, "/etc/systemd/system/app.service", "[Service]\nExecStart=/bin/sleep infinity\n", 0o644) // the image's
		m.boot(t, bootLimit)
		m.want(t, 0, "cp", "/root/credrender", "/usr/bin/credrender") // to fill the store
		m.credrender(t, 0, "setup")
		for _, name := range []string{"app.db.password", "app.session.key"} {
			m.put(t, name, "first", "env=prod", "service=app")
		}
		m.want(t, 0, "rm", "/usr/bin/credrender")
		sum := sha256.Sum256([]byte(readFile(t, binary)))
		m.want(t, 0, "sh", "-c", "set -a; . /etc/default/credrender; BINARY_SHA256="+hex.EncodeToString(sum[:])+" exec sh /root/user-data.sh")
		if got := m.read(t, "/etc/app/app.env"); !strings.Contains(got, "SESSION_KEY=first") {
			t.Errorf("app.env holds %q", got)
		}
		m.wantActive(t, "credrender-render.timer")
		m.put(t, "app.session.key", "second", "env=prod", "service=app")
		m.want(t, 0, "systemctl", "start", "credrender-render.service")
		if got := m.read(t, "/etc/app/app.env"); !strings.Contains(got, "SESSION_KEY=second") {
			t.Errorf("after the timer's run app.env holds %q", got)
		}
	})
}
