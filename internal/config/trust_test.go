package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/credrender/credrender/internal/config"
)

// asRoot is root's trust with whoever runs the tests in the place of root.
func asRoot() config.Trust { return config.Trust{EUID: 0, Owners: []int{os.Getuid()}} }

// private makes a directory that only its owner can write, whatever the umask.
func private(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	chmod(t, dir, 0o755)
	return dir
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// trusted is a file, and whether root believes it.
type trusted struct {
	make func(t *testing.T, dir string) // makes dir/f
	want string                         // with DIR for dir; empty: trusted
}

func (f trusted) check(t *testing.T) {
	t.Helper()
	dir := private(t)
	f.make(t, dir)
	data, err := asRoot().ReadFile(dir + "/f")
	switch {
	case f.want == "" && (err != nil || string(data) != "text"):
		t.Errorf("got %q, %v", data, err)
	case f.want != "" && (err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != f.want):
		t.Errorf("got %v, want %s", err, f.want)
	}
}

func TestTrust(t *testing.T) {
	tests := map[string]trusted{
		"plain":             {func(t *testing.T, dir string) { save(t, dir+"/f", "text") }, ""},
		"readable by all":   {func(t *testing.T, dir string) { save(t, dir+"/f", "text"); chmod(t, dir+"/f", 0o644) }, ""},
		"writable by group": {func(t *testing.T, dir string) { save(t, dir+"/f", "text"); chmod(t, dir+"/f", 0o664) }, "DIR/f: is not trusted: it can be written by others (mode 0664) (chmod go-w DIR/f)"},
		"writable by all":   {func(t *testing.T, dir string) { save(t, dir+"/f", "text"); chmod(t, dir+"/f", 0o602) }, "DIR/f: is not trusted: it can be written by others (mode 0602) (chmod go-w DIR/f)"},
		"directory writable": {func(t *testing.T, dir string) { save(t, dir+"/f", "text"); chmod(t, dir, 0o775) },
			"DIR/f: is not trusted: DIR can be written by others (mode 0775) (chmod go-w DIR)"},
		"directory sticky": {func(t *testing.T, dir string) { save(t, dir+"/f", "text"); chmod(t, dir, 0o777|fs.ModeSticky) },
			"DIR/f: is not trusted: DIR can be written by others (mode 0777) (chmod go-w DIR)"},
		"link": {func(t *testing.T, dir string) { save(t, dir+"/real", "text"); symlink(t, "real", dir+"/f") }, ""},
		"link into a bad directory": {func(t *testing.T, dir string) {
			mkdir(t, dir+"/bad", 0o777)
			save(t, dir+"/bad/real", "text")
			symlink(t, dir+"/bad/real", dir+"/f")
		}, "DIR/f: is not trusted: DIR/bad can be written by others (mode 0777) (chmod go-w DIR/bad)"},
		"link through a bad directory": {func(t *testing.T, dir string) {
			mkdir(t, dir+"/bad", 0o777)
			mkdir(t, dir+"/good", 0o755)
			save(t, dir+"/good/real", "text")
			symlink(t, "../good", dir+"/bad/way")
			symlink(t, "bad/way/real", dir+"/f")
		}, "DIR/f: is not trusted: DIR/bad can be written by others (mode 0777) (chmod go-w DIR/bad)"},
		"link to a bad file": {func(t *testing.T, dir string) {
			save(t, dir+"/real", "text")
			chmod(t, dir+"/real", 0o666)
			symlink(t, "real", dir+"/f")
		}, "DIR/f: is not trusted: DIR/real can be written by others (mode 0666) (chmod go-w DIR/real)"},
		// Kubernetes mounts a config map as a sticky directory of links.
		"links in a sticky directory": {func(t *testing.T, dir string) {
			mkdir(t, dir+"/..1", 0o755)
			save(t, dir+"/..1/f", "text")
			symlink(t, "..1", dir+"/..data")
			symlink(t, "..data/f", dir+"/f")
			chmod(t, dir, 0o777|fs.ModeSticky)
		}, ""},
		"FIFO": {func(t *testing.T, dir string) {
			if err := syscall.Mkfifo(dir+"/f", 0o600); err != nil {
				t.Fatal(err)
			}
		}, "DIR/f: is not a regular file"},
		"directory": {func(t *testing.T, dir string) { mkdir(t, dir+"/f", 0o755) }, "DIR/f: is not a regular file"},
		"missing":   {func(*testing.T, string) {}, "lstat DIR/f: no such file or directory"},
		"loop":      {func(t *testing.T, dir string) { symlink(t, "f", dir+"/f") }, "open DIR/f: too many levels of symbolic links"},
		"dangling":  {func(t *testing.T, dir string) { symlink(t, "none", dir+"/f") }, "lstat DIR/none: no such file or directory"},
	}
	for name, f := range tests {
		t.Run(name, f.check)
	}
}

func TestTrustOfOwners(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving files to others takes root")
	}
	const other = 4242
	root := config.Trust{EUID: 0}
	for name, tc := range map[string]struct {
		given string // what is given to the other
		want  string
	}{
		"nothing":   {"", ""},
		"file":      {"d/f", "DIR/link: is not trusted: DIR/d/f belongs to uid 4242 (chown root DIR/d/f)"},
		"directory": {"d", "DIR/link: is not trusted: DIR/d belongs to uid 4242 (chown root DIR/d)"},
		"link":      {"link", "DIR/link: is not trusted: the link DIR/link belongs to uid 4242 (chown -h root DIR/link)"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := private(t)
			mkdir(t, dir+"/d", 0o755)
			save(t, dir+"/d/f", "text")
			symlink(t, "d/f", dir+"/link")
			if tc.given != "" {
				if err := os.Lchown(filepath.Join(dir, tc.given), other, -1); err != nil {
					t.Fatal(err)
				}
			}
			_, err := root.ReadFile(dir + "/link")
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if _, err := (config.Trust{EUID: 0, Owners: []int{other}}).ReadFile(dir + "/link"); err != nil {
				t.Errorf("trusted owner: %v", err)
			}
			if _, err := (config.Trust{EUID: me}).ReadFile(dir + "/link"); err != nil {
				t.Errorf("not root: %v", err)
			}
		})
	}
}

// In a sticky directory its owner can replace anything.
func TestTrustOfStickyDirectoryOfAnother(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving files to others takes root")
	}
	dir := private(t)
	mkdir(t, dir+"/tmp", 0o777)
	mkdir(t, dir+"/tmp/d", 0o755)
	save(t, dir+"/tmp/d/f", "text")
	if err := os.Chown(dir+"/tmp", 4242, -1); err != nil {
		t.Fatal(err)
	}
	chmod(t, dir+"/tmp", 0o777|fs.ModeSticky)
	_, err := asRoot().ReadFile(dir + "/tmp/d/f")
	if err == nil || !strings.Contains(err.Error(), dir+"/tmp belongs to uid 4242") {
		t.Errorf("got %v", err)
	}
	if err := os.Chown(dir+"/tmp", 0, -1); err != nil {
		t.Fatal(err)
	}
	chmod(t, dir+"/tmp", 0o777|fs.ModeSticky)
	if _, err := asRoot().ReadFile(dir + "/tmp/d/f"); err != nil {
		t.Error(err)
	}
}

func TestTrustOfTwoFaults(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving files to others takes root")
	}
	dir := private(t)
	save(t, dir+"/f", "text")
	chmod(t, dir+"/f", 0o666)
	if err := os.Chown(dir+"/f", 4242, -1); err != nil {
		t.Fatal(err)
	}
	_, err := asRoot().ReadFile(dir + "/f")
	want := "is not trusted: it belongs to uid 4242 and can be written by others (mode 0666) (chown root F && chmod go-w F)"
	if err == nil || strings.ReplaceAll(err.Error(), dir+"/f", "F") != "F: "+want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestReadNamed(t *testing.T) {
	dir := private(t)
	save(t, dir+"/f", "text")
	data, doubt, err := asRoot().ReadNamed(dir + "/f")
	if string(data) != "text" || doubt != nil || err != nil {
		t.Errorf("good file: got %q, %v, %v", data, doubt, err)
	}
	chmod(t, dir+"/f", 0o666)
	data, doubt, err = asRoot().ReadNamed(dir + "/f")
	if string(data) != "text" || doubt == nil || err != nil {
		t.Errorf("bad file: got %q, %v, %v", data, doubt, err)
	}
	_, doubt, err = asRoot().ReadNamed(dir + "/none")
	if doubt != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v, %v", doubt, err)
	}
}

// Root's config is held to the rules; the owners that it names are trusted
// with what it names, not with itself.
func TestLoadAsRoot(t *testing.T) {
	dir := private(t)
	path := dir + "/c.yaml"
	save(t, path, "trusted_owners: [4242]\n"+oneJob("a", "/a"))
	chmod(t, path, 0o666)
	uid := strconv.Itoa(os.Getuid())
	load := func(path string) (*config.Config, error) {
		return config.Load(t.Context(), config.Options{Flags: map[string]string{"config": path, "trusted-owner": uid}, EUID: 0})
	}
	if _, err := load(path); err == nil || !strings.Contains(err.Error(), path+": is not trusted: it can be written by others (mode 0666)") {
		t.Errorf("file: got %v", err)
	}
	c, err := load(dir)
	if err != nil || len(c.Broken) != 1 || len(c.Jobs) != 0 {
		t.Errorf("file in a directory: got %+v, %v", c, err)
	}
	chmod(t, path, 0o644)
	c, err = load(path)
	if err != nil || len(c.Jobs) != 1 || len(c.Jobs[0].Owners) != 2 || c.Jobs[0].Owners[1] != 4242 || len(c.Trust.Owners) != 1 {
		t.Errorf("good file: got %+v, %v", c, err)
	}
	chmod(t, dir, 0o777|fs.ModeSticky)
	if _, err := load(dir); err == nil || !strings.Contains(err.Error(), dir+": is not trusted: it can be written by others (mode 0777)") {
		t.Errorf("directory: got %v", err)
	}
}
