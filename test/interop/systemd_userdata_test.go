//go:build interop

package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// releaseArchive returns an archive with the part of a release that user data installs,
// and its sum. TestPackageArchive finds the same files in a real one.
func releaseArchive(t *testing.T) (path, sum string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(t.TempDir(), "archive")
	newCommand(t, "/bin/sh", nil, "-euc", `cp "$1" "$2/credrender"; cp -R "$3" "$2/systemd"; tar -C "$2" -czf "$4" credrender systemd`, "sh").
		want(t, 0, binary, dir, absolute(t, "../../packaging/systemd"), path)
	digest := sha256.Sum256([]byte(readFile(t, path)))
	return path, hex.EncodeToString(digest[:])
}

// examples/ec2-user-data with the programs of Alpine, which are busybox's: the archive
// comes by wget, and crond has the schedule. No OpenRC is here, and so no crond runs.
func TestUserDataBusybox(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a root folder of its own needs root")
	}
	busybox := program(t, "busybox")
	root := openFolder(t)
	archive, sum := releaseArchive(t)
	store := "local:/store.db"
	newCommand(t, "/bin/sh", nil, "-euc", `
cd "$1"
mkdir -p bin dev etc/crontabs tmp root
mknod -m 0666 dev/null c 1 3
cp "$2" bin/busybox
for name in $(bin/busybox --list); do [ -e "bin/$name" ] || ln -s busybox "bin/$name"; done
rm bin/wget
printf '#!/bin/sh\nwhile [ "$1" != -O ]; do shift; done; cp /root/archive "$2"\n' > bin/wget
printf '#!/bin/sh\necho "$0 $*" >> /root/openrc\n' > bin/rc-update
cp bin/rc-update bin/rc-service
chmod 0755 bin/wget bin/rc-update bin/rc-service
cp "$3" root/archive
cp "$4" root/credrender
cp "$5" root/user-data.sh`, "sh").want(t, 0, root, busybox, archive, binary, absolute(t, "../../examples/ec2-user-data/user-data.sh"))
	inside := newCommand(t, program(t, "chroot"), []string{"PATH=/bin", "CREDRENDER_STORE=" + store, "ARCHIVE_SHA256=" + sum}, root)
	inside.want(t, 0, "/root/credrender", "setup")
	for _, name := range []string{"app.db.password", "app.session.key"} {
		inside.want(t, 0, "/root/credrender", "put", name, "first", "env=prod", "service=app")
	}
	inside.want(t, 0, "/bin/sh", "/root/user-data.sh")
	if got := readFile(t, root+"/etc/app/app.env"); !strings.Contains(got, "SESSION_KEY=first") {
		t.Errorf("app.env holds %q", got)
	}
	if got, want := readFile(t, root+"/etc/crontabs/root"), "*/5 * * * * /usr/local/bin/credrender render --splay 2m\n"; got != want {
		t.Errorf("the crontab holds %q, want %q", got, want)
	}
	if got, want := readFile(t, root+"/root/openrc"), "/bin/rc-update -q add crond default\n/bin/rc-service -q crond restart\n"; !strings.HasPrefix(got, want) {
		t.Errorf("OpenRC is told %q, want %q", got, want)
	}
}

// examples/ec2-user-data on a host without cron: at the first boot the file is
// there, and a timer renders it again. [findings 15]
func TestSystemdUserData(t *testing.T) {
	eachSuite(t, func(t *testing.T, m *machine) {
		newMachineAWS(t, m)
		m.write(t, "/root/user-data.sh", readFile(t, "../../examples/ec2-user-data/user-data.sh"), 0o755)
		m.write(t, "/usr/local/bin/curl", "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done; cp /root/archive \"$2\"\n", 0o755)
		archive, sum := releaseArchive(t)
		m.write(t, "/root/archive", readFile(t, archive), 0o644)
		m.outside(t, "mv", m.root+"/usr/local/bin/credrender", m.root+"/root/credrender")
		m.outside(t, "sh", "-c", "rm "+m.root+"/usr/local/lib/systemd/system/credrender*")                 // the archive has them
		m.write(t, "/etc/systemd/system/app.service", "[Service]\nExecStart=/bin/sleep infinity\n", 0o644) // the image's
		m.boot(t, bootLimit)
		m.want(t, 0, "cp", "/root/credrender", "/usr/bin/credrender") // to fill the store
		m.credrender(t, 0, "setup")
		for _, name := range []string{"app.db.password", "app.session.key"} {
			m.put(t, name, "first", "env=prod", "service=app")
		}
		m.want(t, 0, "rm", "/usr/bin/credrender")
		m.want(t, 0, "sh", "-c", "set -a; . /etc/default/credrender; ARCHIVE_SHA256="+sum+" exec sh /root/user-data.sh")
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
