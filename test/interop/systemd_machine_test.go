//go:build interop

package interop

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// machine is a Debian with systemd as PID 1, booted by systemd-nspawn. Its root
// is an overlay over the one that test/interop/prepare made, so that what a test
// writes outlives a reboot and ends with the test. It has a network of its own,
// whose loopback has the test's AWS and nothing else.
type machine struct {
	*loopback
	name, root string
	nspawn     *exec.Cmd // nil while it is off
	ended      chan struct{}
	leader     int // the machine's PID 1, as this host numbers it
	console    bytes.Buffer
}

// eachSuite runs f for a machine of each release of Debian that is asked for:
// one in make interop, all in make interop-full.
func eachSuite(t *testing.T, f func(t *testing.T, m *machine)) {
	t.Helper()
	suites := strings.Fields(os.Getenv("DEBIAN_SUITES"))
	if len(suites) == 0 || !isFull() {
		suites = []string{"trixie"}
	}
	for _, suite := range suites {
		t.Run(suite, func(t *testing.T) { f(t, newMachine(t, suite)) })
	}
}

// isFull reports whether make interop-full runs, which has time for slow rows.
func isFull() bool { return os.Getenv("INTEROP_FULL") == "1" }

// newMachine returns a machine that has credrender and its units installed, as
// the README of the units has it, and is off.
func newMachine(t *testing.T, suite string) *machine {
	t.Helper()
	m := newBareMachine(t, suite)
	m.install(t)
	return m
}

// newBareMachine returns a machine without credrender, which is off.
func newBareMachine(t *testing.T, suite string) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a machine with systemd as PID 1 needs root")
	}
	program(t, "systemd-nspawn")
	base := filepath.Join(cacheDir(t), suite)
	if _, err := os.Stat(base + ".packages"); err != nil {
		if os.Getenv("INTEROP_MAY_SKIP") == "1" {
			t.Skipf("no root of Debian %s here, and INTEROP_MAY_SKIP=1 allows to go without", suite)
		}
		t.Fatalf("no root of Debian %s: run DEBIAN_SUITES=%s test/interop/prepare as root", suite, suite)
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	m := &machine{loopback: newLoopback(t), name: "credrender-" + hex.EncodeToString(id), root: filepath.Join(t.TempDir(), "root")}
	if err := m.in(func() error { return mountRoot(base, m.root) }); err != nil {
		t.Skipf("the kernel does not let this process mount an overlay of its own: %v", err)
	}
	m.write(t, "/etc/hostname", m.name+"\n", 0o644)
	m.write(t, "/etc/machine-id", strings.Repeat("0", 24)+strings.TrimPrefix(m.name, "credrender-")+"\n", 0o444)
	return m
}

// cacheDir is where test/interop/prepare keeps what is too large for the clone.
func cacheDir(t *testing.T) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "credrender-interop")
}

// mountRoot mounts the overlay in a mount namespace that ends with the thread
// it is called on: a test that is killed leaves no mount behind. The layer that
// is written is a tmpfs, since an overlay cannot lie on another one.
func mountRoot(base, root string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	layers := filepath.Dir(root) + "/layers"
	for _, dir := range []string{root, layers} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("tmpfs", layers, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount a tmpfs: %w", err)
	}
	for _, dir := range []string{"/upper", "/work"} {
		if err := os.Mkdir(layers+dir, 0o755); err != nil {
			return err
		}
	}
	options := "lowerdir=" + base + ",upperdir=" + layers + "/upper,workdir=" + layers + "/work"
	if err := unix.Mount("overlay", root, "overlay", 0, options); err != nil {
		return fmt.Errorf("mount an overlay: %w", err)
	}
	return nil
}

// install does what the README of the units says, below the machine's root.
// nginx, which Debian starts by itself, waits for the tests that want it.
func (m *machine) install(t *testing.T) {
	t.Helper()
	for _, line := range [][]string{
		{"install", "-D", "-m", "0755", binary, m.root + "/usr/local/bin/credrender"},
		{"make", "--no-print-directory", "-C", "../..", "install-systemd", "DESTDIR=" + m.root, "PREFIX=/usr/local"},
		{"systemctl", "--root", m.root, "enable", "--quiet", "credrender-recover.service"},
		{"systemctl", "--root", m.root, "disable", "--quiet", "nginx.service"},
	} {
		m.outside(t, line...)
	}
}

// outside runs a program of this host that sees the machine's root.
func (m *machine) outside(t *testing.T, argv ...string) {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...) // the test's own words
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := m.in(cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out.String())
	}
}

// write makes a file of the machine, and its folders, on or off.
func (m *machine) write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	err := m.in(func() error {
		path = m.root + path
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return err
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// boot starts the machine and returns once all jobs of the boot have ended,
// well or not; it fails the test where that takes longer than limit. The machine
// is shut down with the test, or by it.
func (m *machine) boot(t *testing.T, limit time.Duration) (took time.Duration) {
	t.Helper()
	started := time.Now()
	m.start(t)
	m.awaitJobs(t, limit)
	return time.Since(started)
}

// start starts the machine and returns as soon as it answers systemctl.
func (m *machine) start(t *testing.T) {
	t.Helper()
	m.nspawn = exec.Command("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe", // the test's own words
		"--capability=CAP_NET_ADMIN", "--resolv-conf=off", "--timezone=off", "--machine="+m.name, "--directory="+m.root)
	m.console.Reset()
	m.nspawn.Stdout, m.nspawn.Stderr = &m.console, &m.console
	m.nspawn.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // of the thread that holds the root
	if err := m.in(m.nspawn.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			m.explain(t)
		}
		m.halt(t)
	})
	m.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan<- struct{}) {
		_ = cmd.Wait() // how it ends is seen on the console
		close(ended)
	}(m.nspawn, m.ended)
	eventually(t, "systemd answers", func() bool {
		select {
		case <-m.ended:
			t.Fatalf("systemd-nspawn does not boot %s:\n%s", m.name, m.console.String())
		default:
		}
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", m.nspawn.Process.Pid))
		m.leader, _ = strconv.Atoi(strings.TrimSpace(string(children)))
		state := m.run(t, "systemctl", "is-system-running").Stdout
		return m.leader > 0 && (strings.HasPrefix(state, "starting") || strings.HasPrefix(state, "running") || strings.HasPrefix(state, "degraded"))
	})
}

func (m *machine) awaitJobs(t *testing.T, limit time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if state := m.run(t, "systemctl", "is-system-running").Stdout; state == "running\n" || state == "degraded\n" {
			return
		}
	}
	t.Fatalf("after %v the boot still waits for\n%s", limit, m.run(t, "systemctl", "list-jobs", "--no-pager").Stdout)
}

// halt shuts the machine down, in order.
func (m *machine) halt(t *testing.T) {
	t.Helper()
	if m.nspawn == nil {
		return
	}
	_ = m.nspawn.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.ended:
	case <-time.After(15 * time.Second):
		t.Logf("%s does not shut down within 15 s: its power is cut", m.name)
		m.cutPower()
	}
	m.nspawn = nil
}

// cutPower ends every process of the machine at once; what was not synced is
// still there, unlike on a real one.
func (m *machine) cutPower() {
	_ = syscall.Kill(m.leader, syscall.SIGKILL) // the kernel ends the others with their PID 1
	<-m.ended
	m.nspawn = nil
}

// run runs a program in the machine, as root, for a minute at most. It works in
// clean-ups too, when the test's own context has ended.
func (m *machine) run(t *testing.T, argv ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	nsenter := newCommand(t, program(t, "nsenter"), nil, "--target", strconv.Itoa(m.leader), "--all",
		"env", "-i", "--chdir=/", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "SYSTEMD_PAGER=cat", "SYSTEMD_COLORS=0")
	return nsenter.runContext(t, ctx, "", argv...)
}

// want runs a program in the machine and fails the test unless it exits with code.
func (m *machine) want(t *testing.T, code int, argv ...string) result {
	t.Helper()
	r := m.run(t, argv...)
	if r.Code != code {
		t.Fatalf("%q: exit code %d, want %d\nstdout: %s\nstderr: %s", argv, r.Code, code, r.Stdout, r.Stderr)
	}
	return r
}

// signal sends a signal to a process of the machine; it reports whether there is one.
func (m *machine) signal(t *testing.T, name, pid string) bool {
	t.Helper()
	if n, err := strconv.Atoi(pid); err != nil || n < 2 { // 0 would be the process group of the test
		t.Fatalf("signal %s for process %q", name, pid)
	}
	return m.run(t, "sh", "-c", "kill -"+name+" "+pid).Code == 0 // a minimal Debian has no other kill than the shell's
}

// exists reports whether a file of the machine, which is on, is there.
func (m *machine) exists(t *testing.T, path string) bool {
	t.Helper()
	return m.run(t, "test", "-e", path).Code == 0
}

// read returns what a file of the machine, which is on, holds; "" where there is none.
func (m *machine) read(t *testing.T, path string) string {
	t.Helper()
	return m.run(t, "cat", path).Stdout
}

// property returns one property of a unit.
func (m *machine) property(t *testing.T, unit, name string) string {
	t.Helper()
	return strings.TrimSpace(m.want(t, 0, "systemctl", "show", "--value", "-p", name, unit).Stdout)
}

// seconds returns the time between two timestamps that systemd took of a unit.
func (m *machine) seconds(t *testing.T, unit, from, to string) time.Duration {
	t.Helper()
	var at [2]int64
	for i, name := range []string{from, to} {
		usec, err := strconv.ParseInt(m.property(t, unit, name+"TimestampMonotonic"), 10, 64)
		if err != nil || usec == 0 {
			t.Fatalf("%s of %s: %d (%v)", name, unit, usec, err)
		}
		at[i] = usec
	}
	return time.Duration(at[1]-at[0]) * time.Microsecond
}

// journal returns the messages of a unit since the last boot.
func (m *machine) journal(t *testing.T, unit string, more ...string) string {
	t.Helper()
	return m.run(t, append([]string{"journalctl", "--no-pager", "-q", "-b", "-o", "cat", "-u", unit}, more...)...).Stdout
}

// explain prints what a failed test leaves to look at.
func (m *machine) explain(t *testing.T) {
	t.Helper()
	if m.nspawn == nil {
		t.Logf("console:\n%s", m.console.String())
		return
	}
	t.Logf("units that failed:\n%s", m.run(t, "systemctl", "--failed", "--no-legend", "--plain").Stdout)
	t.Logf("jobs:\n%s", m.run(t, "systemctl", "list-jobs").Stdout)
	t.Logf("journal:\n%s", m.run(t, "journalctl", "--no-pager", "-q", "-b", "-o", "short-monotonic", "-n", "60", "-u", "credrender*", "-u", "app*", "-u", "nginx*").Stdout)
}
