//go:build interop

package interop

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// carried are the files that every package has.
var carried = []string{
	"/usr/bin/credrender",
	"/etc/credrender/credrender.yaml",
	"/usr/share/man/man1/credrender.1",
	"/usr/share/man/man1/credrender-render.1",
	"/usr/share/man/man5/credrender.yaml.5",
	"/usr/share/man/man5/credrender-keys.5",
	"/usr/share/man/man7/credrender-functions.7",
	"/usr/share/man/man7/credrender-exit-codes.7",
	"/usr/share/bash-completion/completions/credrender",
	"/usr/share/zsh/site-functions/_credrender",
	"/usr/share/fish/vendor_completions.d/credrender.fish",
	"/usr/share/doc/credrender/copyright",
}

// carriedUnits are the files that packages for systems with systemd have as well.
var carriedUnits = []string{
	"/usr/lib/systemd/system/credrender.service",
	"/usr/lib/systemd/system/credrender-render.service",
	"/usr/lib/systemd/system/credrender-render.timer",
	"/usr/lib/systemd/system/credrender-boot.service",
	"/usr/lib/systemd/system/credrender-recover.service",
}

// installed is a Debian that is not booted: programs run in its root by chroot.
type installed struct{ *machine }

func newInstalled(t *testing.T) installed {
	t.Helper()
	i := installed{newBareMachine(t, "trixie")}
	if err := i.in(func() error { return unix.Mount("proc", i.root+"/proc", "proc", 0, "") }); err != nil {
		t.Fatal(err)
	}
	return i
}

func (i installed) command(argv ...string) *exec.Cmd {
	cmd := exec.Command("chroot", append([]string{i.root}, argv...)...) // the test's own words
	// What systemd gives a service with StateDirectory= and RuntimeDirectory=.
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "STATE_DIRECTORY=/var/lib/credrender", "RUNTIME_DIRECTORY=/run/credrender", "DEBIAN_FRONTEND=noninteractive"}
	return cmd
}

// chroot runs a program of the root, which must exit with 0, and returns what it prints.
func (i installed) chroot(t *testing.T, argv ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := i.command(argv...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := i.in(cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, &out)
	}
	return out.String()
}

// install installs the deb of a release.
func (i installed) dpkg(t *testing.T, version string) {
	t.Helper()
	path := "/" + filepath.Base(packageFile(t, version, ".deb"))
	i.write(t, path, readFile(t, packageFile(t, version, ".deb")), 0o644)
	i.chroot(t, "dpkg", "--install", path)
	i.chroot(t, "rm", path)
	if got, want := i.chroot(t, "credrender", "version"), "credrender v"+version+" "+runtime.Version()+" linux/"+runtime.GOARCH+"\n"; got != want {
		t.Errorf("installed is %q, want %q", got, want)
	}
}

// files lists files and directories, with what regular files hold. It leaves out the
// package manager's own records.
func (i installed) files(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	out := i.chroot(t, "find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/var/lib/dpkg", "-o", "-path", "/var/log", "-o", "-path", "/var/cache", ")",
		"-prune", "-o", "-printf", `%p\t%y %m %U:%G %s\n`)
	for line := range strings.Lines(out) {
		path, facts, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(facts, "d") {
			facts = "d" // a directory's size is the file system's affair
		}
		found[path] = facts
	}
	return found
}

// execStart returns the command line of an installed unit.
func (i installed) execStart(t *testing.T, unit string) []string {
	t.Helper()
	for line := range strings.Lines(i.chroot(t, "cat", "/usr/lib/systemd/system/"+unit)) {
		if words, ok := strings.CutPrefix(line, "ExecStart="); ok {
			return strings.Fields(words)
		}
	}
	t.Fatalf("%s has no ExecStart=", unit)
	return nil
}

const packageConfig = `store: local:/srv/store.db
schedule: "* * * * *"
jobs:
  - {name: app, content: 'PASSWORD={{ secret "app.password" | envquote }}', dest: /etc/app.env, mode: "0600", format: env}
`

// The deb is installed, used, upgraded, removed and purged. Afterwards the system differs
// from the one before by the files that docs/install.md names, and by nothing else.
func TestPackageDeb(t *testing.T) {
	releases(t) // skips before the root is mounted
	i := newInstalled(t)
	before := i.files(t)

	i.dpkg(t, formerRelease)
	now := i.files(t)
	for _, path := range append(slices.Clone(carried), carriedUnits...) {
		if now[path] == "" {
			t.Errorf("the deb has no %s", path)
		}
	}
	if got := now["/etc/credrender/credrender.yaml"]; !strings.HasPrefix(got, "f 644 0:0") {
		t.Errorf("the config is %q", got)
	}
	i.chroot(t, "sh", "-euc", `cd /etc/credrender; cp credrender.yaml /root; sed -i '1,3d; s/^# //' credrender.yaml; echo A=b > app.env.tmpl
credrender lint; rm app.env.tmpl; mv /root/credrender.yaml .`) // the delivered config, with its comments taken away

	i.write(t, "/etc/credrender/credrender.yaml", packageConfig, 0o644)
	i.chroot(t, "credrender", "setup")
	i.chroot(t, "credrender", "put", "app.password", "first")
	i.chroot(t, i.execStart(t, "credrender-recover.service")...)
	i.chroot(t, i.execStart(t, "credrender-render.service")...)
	i.want(t, "/etc/app.env", "PASSWORD=first")

	i.dpkg(t, newRelease)
	i.want(t, "/etc/credrender/credrender.yaml", packageConfig)
	if out := i.chroot(t, i.execStart(t, "credrender-render.service")...); out != "" {
		t.Errorf("the new release does not know the state of the former:\n%s", out)
	}
	i.chroot(t, "credrender", "put", "app.password", "second")
	i.runDaemon(t, func() bool { return i.text("/etc/app.env") == "PASSWORD=second" })

	i.chroot(t, "dpkg", "--remove", "credrender")
	now = i.files(t)
	for path, want := range map[string]bool{
		"/usr/bin/credrender": false, "/usr/lib/systemd/system/credrender.service": false,
		"/etc/credrender/credrender.yaml": true, "/var/lib/credrender": true, "/etc/app.env": true,
	} {
		if (now[path] != "") != want {
			t.Errorf("after dpkg --remove: %s exists: %v, want %v", path, now[path] != "", want)
		}
	}

	i.chroot(t, "dpkg", "--purge", "credrender")
	after := i.files(t)
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if got := after[path]; got != before[path] {
			t.Errorf("after dpkg --purge: %s is %q, and was %q", path, got, before[path])
		}
	}
	left := slices.DeleteFunc(slices.Sorted(maps.Keys(after)), func(path string) bool { return before[path] != "" })
	if want := []string{"/etc/app.env", "/srv/store.db", "/srv/store.key"}; !slices.Equal(left, want) {
		t.Errorf("after dpkg --purge %q are left, want %q", left, want)
	}
	i.want(t, "/etc/app.env", "PASSWORD=second")
}

// runDaemon runs the ExecStart of credrender.service until done, then ends it by TERM,
// as systemctl stop does.
func (i installed) runDaemon(t *testing.T, done func() bool) {
	t.Helper()
	var out bytes.Buffer
	daemon := i.command(i.execStart(t, "credrender.service")...)
	daemon.Stdout, daemon.Stderr = &out, &out
	if err := i.in(daemon.Start); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = daemon.Process.Kill() }() // where the test ends early
	eventually(t, "the daemon has rendered", done)
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		t.Errorf("the daemon ends with %v:\n%s", err, &out)
	}
}

// text returns what a file of the root holds, "" without one.
func (i installed) text(path string) string {
	var data []byte
	_ = i.in(func() (err error) { data, err = os.ReadFile(i.root + path); return err })
	return string(data)
}

func (i installed) want(t *testing.T, path, text string) {
	t.Helper()
	if got := i.text(path); got != text {
		t.Errorf("%s holds %q, want %q", path, got, text)
	}
}

// The rpm answers rpm's queries, and what it unpacks to runs. Its names are absolute: cpio
// would unpack them into this machine unless told otherwise.
func TestPackageRPM(t *testing.T) {
	path := packageFile(t, newRelease, ".rpm")
	rpm := newCommand(t, program(t, "rpm"), nil, "--dbpath", t.TempDir(), "-qp")
	if got, want := rpm.want(t, 0, "--qf", "%{NAME} %{VERSION} %{LICENSE}\n", path).Stdout, "credrender "+newRelease+" Apache-2.0\n"; got != want {
		t.Errorf("rpm says %q, want %q", got, want)
	}
	list := strings.Fields(rpm.want(t, 0, "--list", path).Stdout)
	for _, want := range append(slices.Clone(carried), carriedUnits...) {
		if !slices.Contains(list, want) {
			t.Errorf("the rpm has no %s", want)
		}
	}
	if got := rpm.want(t, 0, "--configfiles", path).Stdout; got != "/etc/credrender/credrender.yaml\n" {
		t.Errorf("config files: %q", got)
	}
	if got := newCommand(t, program(t, "rpmkeys"), nil, "--dbpath", t.TempDir()).want(t, 0, "--checksig", path).Stdout; !strings.HasSuffix(got, ": digests OK\n") {
		t.Errorf("rpmkeys prints %q", got)
	}
	root := t.TempDir()
	// rpm2cpio exits with 1 after a complete archive if its length is not the one in the
	// signature. The library of goreleaser (github.com/google/rpmpack, issue 60) writes the
	// sum of the files there, without cpio's headers. rpm installs and verifies such a
	// package: it checks the digests above. cpio reads up to the trailer, and fails on an
	// archive that was cut short.
	unpack := newCommand(t, "/bin/sh", nil, "-euc", `cd "$1"; rpm2cpio "$2" > cpio || [ $? = 1 ]; cpio -idm --quiet --no-absolute-filenames < cpio`, "sh")
	unpack.want(t, 0, root, path)
	wantVersion(t, root)
}

// The apk's archive lists its files, and what it unpacks to runs. It has no units: Alpine
// has no systemd.
func TestPackageAPK(t *testing.T) {
	path := packageFile(t, newRelease, ".apk")
	root := t.TempDir()
	newCommand(t, program(t, "tar"), nil, "--warning=no-unknown-keyword", "-xzf").want(t, 0, path, "-C", root)
	for _, want := range carried {
		if _, err := os.Stat(root + want); err != nil {
			t.Errorf("the apk has no %s", want)
		}
	}
	if _, err := os.Stat(root + "/usr/lib/systemd"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the apk has units (%v)", err)
	}
	info := readFile(t, root+"/.PKGINFO")
	for _, want := range []string{"pkgname = credrender\n", "pkgver = " + newRelease} {
		if !strings.Contains(info, want) {
			t.Errorf(".PKGINFO has no %q:\n%s", want, info)
		}
	}
	wantVersion(t, root)
}

// An archive carries the same beside the program, and SHA256SUMS fits every file.
func TestPackageArchive(t *testing.T) {
	path := packageFile(t, newRelease, ".tar.gz")
	root := t.TempDir()
	newCommand(t, program(t, "tar"), nil, "-xzf").want(t, 0, path, "-C", root)
	for _, want := range []string{"LICENSE", "README.md", "completions/credrender.zsh", "man/credrender.1", "man/credrender-render.1", "man/credrender.yaml.5", "man/credrender-functions.7", "systemd/credrender.service", "systemd/credrender-render.timer"} {
		if _, err := os.Stat(filepath.Join(root, want)); err != nil {
			t.Errorf("the archive has no %s", want)
		}
	}
	newCommand(t, filepath.Join(root, "credrender"), nil).want(t, 0, "version")
	sums := newCommand(t, "/bin/sh", nil, "-euc", `cd "$1"; sha256sum -c SHA256SUMS --ignore-missing`, "sh")
	out := sums.want(t, 0, filepath.Dir(path)).Stdout
	if n := strings.Count(out, ": OK\n"); n != 5 {
		t.Errorf("%d files fit their sums, want the archive, the image and three packages:\n%s", n, out)
	}
}

func wantVersion(t *testing.T, root string) {
	t.Helper()
	got := newCommand(t, root+"/usr/bin/credrender", nil).want(t, 0, "version").Stdout
	if want := fmt.Sprintf("credrender v%s ", newRelease); !strings.HasPrefix(got, want) {
		t.Errorf("the program says %q, want %q", got, want)
	}
}
