package fsys_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/credrender/credrender/internal/txn/fsys"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestIdentify(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err,
		os.MkdirAll(dir+"/etc/sub", 0o755), os.Mkdir(dir+"/img", 0o755),
		os.WriteFile(dir+"/etc/a", nil, 0o600), os.WriteFile(dir+"/etc/b", nil, 0o600),
		os.Link(dir+"/etc/a", dir+"/etc/sub/hard"), os.Symlink("etc", dir+"/linked"),
		os.Symlink(dir+"/etc/none", dir+"/dangling"), os.Symlink("/a", dir+"/etc/inside"),
		os.Mkdir(dir+"/open", 0o777), os.Chmod(dir+"/open", 0o777), os.Symlink("../etc/a", dir+"/open/link"))
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"/etc/a", "/etc/a", true},
		{"/etc/a", "/etc/b", false},
		{"/etc/a", "/linked/a", true},
		{"/etc/a", "/linked/sub/../a", true},
		{"/etc/a", "/etc/sub/hard", true},
		{"/etc/a", "/open/link", true}, // though a destination would be refused there
		{"/etc/none", "/linked/none", true},
		{"/etc/none", "/dangling", true},
		{"/etc/none", "/etc/other", false},
		{"/etc/none/x", "/linked/none/x", true}, // a directory that will be made
		{"/etc/none/x", "/etc/x", false},
	} {
		a, errA := fsys.Identify(fsys.OS{}, dir+c.a)
		b, errB := fsys.Identify(fsys.OS{}, dir+c.b)
		must(t, errA, errB)
		if a.Same(b) != c.same || b.Same(a) != c.same {
			t.Errorf("%s and %s: same %v", c.a, c.b, !c.same)
		}
	}
	below, errA := identify(dir+"/etc", "/inside")
	outside, errB := fsys.Identify(fsys.OS{}, dir+"/etc/a")
	must(t, errA, errB)
	if !below.Same(outside) {
		t.Error("an absolute link does not stay below the root")
	}
}

func TestIdentityBelow(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err, os.MkdirAll(dir+"/state/jobs", 0o755), os.Symlink("state", dir+"/link"))
	for _, c := range []struct {
		name, dir string
		below     bool
	}{
		{"/state/x", "/state", true},
		{"/link/x", "/state", true},
		{"/link/jobs/x", "/state", true},
		{"/state/none/x", "/state", true},
		{"/state/../x", "/state", false},
		{"/state", "/state", false},
		{"/none/x", "/none", true}, // a directory that will be made
		{"/none2/x", "/none", false},
	} {
		f, errF := fsys.Identify(fsys.OS{}, dir+c.name)
		d, errD := fsys.Identify(fsys.OS{}, dir+c.dir)
		must(t, errF, errD)
		if f.Below(d) != c.below {
			t.Errorf("%s below %s: %v", c.name, c.dir, !c.below)
		}
	}
	if (fsys.Identity{}).Below(fsys.Identity{}) || (fsys.Identity{}).Same(fsys.Identity{}) {
		t.Error("nothing is in nothing")
	}
}

// TestDescriptorsAreNoFiles: the text of /proc/self/fd/1 may be the path of a
// file, which would be replaced and not written to.
func TestDescriptorsAreNoFiles(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	defer f.Close()
	name := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	if _, err := os.Stat(name); err != nil {
		t.Skip("no /proc here")
	}
	for _, name := range []string{name, "/dev/stdout", "/dev/fd/2"} {
		if _, err := fsys.Resolve(fsys.OS{}, "", name); !errors.Is(err, fsys.ErrDescriptor) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// identify is that of a destination.
func identify(root, name string) (fsys.Identity, error) {
	p, err := fsys.Resolve(fsys.OS{}, root, name)
	if err != nil {
		return fsys.Identity{}, err
	}
	defer p.Close()
	return p.Identity()
}

// TestHostileNamesAreNoIdentity: in a directory of everybody, somebody else can
// make a name of a file that another job writes, which must not stop that job.
func TestHostileNamesAreNoIdentity(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err, os.WriteFile(dir+"/a", nil, 0o600), os.Mkdir(dir+"/open", 0o777), os.Chmod(dir+"/open", 0o777),
		os.Link(dir+"/a", dir+"/open/hard"), os.Symlink("../a", dir+"/open/link"), os.Link(dir+"/a", dir+"/hard"))
	a, err := identify("", dir+"/a")
	must(t, err)
	mine, err := identify("", dir+"/hard")
	must(t, err)
	theirs, err := identify("", dir+"/open/hard")
	must(t, err)
	if !a.Same(mine) || a.Same(theirs) {
		t.Errorf("same as a hard link of ours: %v, of others: %v", a.Same(mine), a.Same(theirs))
	}
	if _, err := identify("", dir+"/open/link"); err == nil {
		t.Error("a link of others is followed")
	}
}
