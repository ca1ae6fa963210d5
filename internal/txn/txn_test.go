package txn_test

import (
	"errors"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/internal/txn/fsys/fsystest"
)

// folder is a directory that only its owner can write, without links in its path.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, name, content string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(name, []byte(content), 0o600), os.Chmod(name, mode)); err != nil {
		t.Fatal(err)
	}
}

// look lists what is below dir: "mode content", "dir" or "-> target" by name.
func look(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		info, err := e.Info()
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			out[rel] = "dir"
		case e.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			out[rel] = "-> " + target
			return err
		case !e.Type().IsRegular():
			out[rel] = "special"
		default:
			data, err := os.ReadFile(name)
			out[rel] = info.Mode().String() + " " + string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func file(dest, data string) txn.File {
	return txn.File{Dest: dest, Data: []byte(data), Mode: 0o600, UID: -1, GID: -1}
}

// recorder is a journal that keeps what it was told.
type recorder struct {
	txn.Journal
	phases []string
	last   txn.Record
	fail   txn.Phase // saving this phase fails
}

func newRecorder() *recorder { return &recorder{Journal: txn.NewMemory(), fail: "none"} }

var errJournal = errors.New("journal is full")

func (r *recorder) Save(rec txn.Record) error {
	if rec.Phase == r.fail {
		return errJournal
	}
	p := string(rec.Phase)
	if rec.Owed {
		p += "+owed"
	}
	r.phases = append(r.phases, p)
	rec.Files, rec.Dirs = slices.Clone(rec.Files), slices.Clone(rec.Dirs)
	r.last = rec
	return nil
}

func mustPrepare(t *testing.T, j txn.Journal, files ...txn.File) *txn.Txn {
	t.Helper()
	x, err := txn.Disk{}.Prepare(t.Context(), j, files)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func equal(t *testing.T, got, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("disk (-want +got):\n%s", diff)
	}
}

func TestInstall(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old a", 0o644)
	j := newRecorder()
	a, b := file(dir+"/a", "new a"), file(dir+"/b", "new b")
	a.Mode = 0o640
	x := mustPrepare(t, j, a, b)

	staged := x.Staged(a.Dest)
	if got, err := os.ReadFile(staged); string(got) != "new a" || err != nil {
		t.Errorf("staged: %q, %v", got, err)
	}
	if base := filepath.Base(staged); filepath.Dir(staged) != dir || !strings.HasPrefix(base, ".a.credrender-") {
		t.Errorf("staged as %s", staged)
	}
	if got := look(t, dir)["a"]; got != "-rw-r--r-- old a" {
		t.Errorf("visible after prepare: %q", got)
	}
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := x.Done(); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r----- new a", "b": "-rw------- new b"})
	if diff := cmp.Diff([]string{"prepare", "commit+owed", "done+owed"}, j.phases); diff != "" {
		t.Error(diff)
	}
	if x.Staged("elsewhere") != "" || x.Done() == nil || x.Commit(t.Context(), true) == nil || x.Rollback(false) == nil {
		t.Error("a transaction that has ended goes on")
	}
}

func TestRollback(t *testing.T) {
	for _, committed := range []bool{false, true} {
		dir := folder(t)
		write(t, dir+"/a", "old a", 0o644)
		write(t, dir+"/p", "old p", 0o640)
		before := look(t, dir)
		inode := stat(t, dir+"/p").Ino
		deep, inPlace := file(dir+"/x/y/c", "new c"), file(dir+"/p", "new p, longer than before")
		deep.CreateDirs, inPlace.InPlace = true, true
		j := newRecorder()
		x := mustPrepare(t, j, file(dir+"/a", "new a"), file(dir+"/b", "new b"), deep, inPlace)
		if committed {
			if err := x.Commit(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			if got := look(t, dir); got["x/y/c"] != "-rw------- new c" || got["p"] != "-rw------- new p, longer than before" {
				t.Errorf("committed: %v", got)
			}
			// What verify does to a file goes too.
			write(t, dir+"/a", "formatted by verify", 0o600)
		}
		if err := x.Rollback(committed); err != nil {
			t.Fatal(err)
		}
		equal(t, look(t, dir), before)
		if stat(t, dir+"/p").Ino != inode {
			t.Error("the file in place is another one")
		}
		if j.last.Phase != txn.Idle || j.last.Owed != committed || j.last.Files != nil {
			t.Errorf("journal: %+v", j.last)
		}
	}
}

func stat(t *testing.T, name string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t)
}

func TestRefusedBeforeAnythingIsWritten(t *testing.T) {
	dir := folder(t)
	if err := errors.Join(os.Mkdir(dir+"/dir", 0o755), os.Mkdir(dir+"/open", 0o755), os.Chmod(dir+"/open", 0o777),
		unix.Mkfifo(dir+"/pipe", 0o600), os.Symlink("../a", dir+"/open/link"), os.Symlink("a", dir+"/link")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", dir+"/sock")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write(t, dir+"/a", "old", 0o644)
	write(t, dir+"/open/file", "old", 0o644)
	before := look(t, dir)

	inPlace := file(dir+"/open/file", "new")
	inPlace.InPlace = true
	tests := map[string]struct {
		files []txn.File
		kind  string
		err   error
	}{
		"directory":            {files: []txn.File{file(dir+"/dir", "")}, kind: "a directory"},
		"root":                 {files: []txn.File{file("/", "")}, kind: "a directory"},
		"pipe":                 {files: []txn.File{file(dir+"/pipe", "")}, kind: "a named pipe"},
		"socket":               {files: []txn.File{file(dir+"/sock", "")}, kind: "a socket"},
		"device":               {files: []txn.File{file("/dev/null", "")}, kind: "a device"},
		"no directory":         {files: []txn.File{file(dir+"/none/x", "")}, err: txn.ErrNoDirectory},
		"hostile link":         {files: []txn.File{file(dir+"/open/link", "")}, kind: "link"},
		"twice":                {files: []txn.File{file(dir+"/a", ""), file(dir+"/a", "")}, err: txn.ErrTwice},
		"twice by a link":      {files: []txn.File{file(dir+"/a", ""), file(dir+"/link", "")}, err: txn.ErrTwice},
		"in an open place":     {files: []txn.File{inPlace}, err: txn.ErrOthersWrite},
		"too large":            {files: []txn.File{{Dest: dir + "/b", Data: make([]byte, txn.MaxFile+1)}}, err: fsys.ErrTooLarge},
		"the last of two":      {files: []txn.File{file(dir+"/a", "new"), file(dir+"/dir", "")}, kind: "a directory"},
		"name too long to use": {files: []txn.File{file(dir+"/"+strings.Repeat("x", 256), "")}, err: unix.ENAMETOOLONG},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := newRecorder()
			_, err := txn.Disk{}.Prepare(t.Context(), j, tt.files)
			kind, link := (*txn.KindError)(nil), (*fsys.LinkError)(nil)
			switch {
			case errors.As(err, &kind):
				if kind.Kind != tt.kind {
					t.Errorf("got %q, want %q", kind.Kind, tt.kind)
				}
			case errors.As(err, &link):
				if tt.kind != "link" {
					t.Error(err)
				}
			case tt.err == nil || !errors.Is(err, tt.err):
				t.Errorf("got %v, want %v %s", err, tt.err, tt.kind)
			}
			if _, inspectErr := (txn.Disk{}).Inspect(tt.files[len(tt.files)-1].Dest); tt.kind != "" && inspectErr == nil {
				t.Error("Inspect accepts it")
			}
			equal(t, look(t, dir), before)
			if j.phases != nil {
				t.Errorf("journalled %v", j.phases)
			}
		})
	}
}

func TestLinkIsKept(t *testing.T) {
	dir := folder(t)
	if err := errors.Join(os.Mkdir(dir+"/real", 0o755), os.Symlink("real/file", dir+"/link"), os.Symlink("real/none", dir+"/dangling")); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/real/file", "old", 0o644)
	x := mustPrepare(t, newRecorder(), file(dir+"/link", "new"), file(dir+"/dangling", "made"))
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{
		"link": "-> real/file", "dangling": "-> real/none", "real": "dir", "real/file": "-rw------- new", "real/none": "-rw------- made",
	})
}

func TestHardLinkedOldFileKeepsItsOtherName(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old", 0o644)
	if err := os.Link(dir+"/a", dir+"/other"); err != nil {
		t.Fatal(err)
	}
	x := mustPrepare(t, newRecorder(), file(dir+"/a", "new"))
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw------- new", "other": "-rw-r--r-- old"})
}

// Where the file system, or the kernel for a file of another user, refuses
// hard links, the old file is copied.
func TestHardLinksRefused(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EPERM, unix.EOPNOTSUPP, unix.EMLINK} {
		dir := folder(t)
		write(t, dir+"/a", "old", 0o640)
		before := look(t, dir)
		d := txn.Disk{FS: &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
			if op.Name == "link" {
				return errno
			}
			return nil
		}}}
		for _, end := range []string{"rollback", "crash", "crash before", "done"} {
			j := newRecorder()
			x, err := d.Prepare(t.Context(), j, []txn.File{file(dir+"/a", "new")})
			if err == nil && end != "crash before" {
				err = x.Commit(t.Context(), true)
			}
			switch {
			case err != nil:
			case end == "rollback":
				err = x.Rollback(false)
			case end == "done":
				err = x.Done()
				before["a"] = "-rw------- new"
			default:
				_, err = d.Recover(t.Context(), j.last, j)
			}
			if err != nil {
				t.Fatalf("%v: %s: %v", errno, end, err)
			}
			equal(t, look(t, dir), before)
		}
	}
}

func TestInPlaceOfNothing(t *testing.T) {
	dir := folder(t)
	f := file(dir+"/a", "new")
	f.InPlace = true
	x := mustPrepare(t, newRecorder(), f)
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw------- new"})
}

// Who may not change owners, or a file system that has none, is not asked to.
func TestOwnerThatIsRightIsNotSet(t *testing.T) {
	dir := folder(t)
	d := txn.Disk{FS: &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
		if op.Name == "chown" {
			return unix.EPERM
		}
		return nil
	}}}
	f := file(dir+"/a", "new")
	f.UID, f.GID = os.Geteuid(), os.Getegid()
	x, err := d.Prepare(t.Context(), newRecorder(), []txn.File{f})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Rollback(false), func() error { write(t, f.Dest, "x", 0o600); return nil }(), d.Repair(f.Dest, 0o640, f.UID, f.GID)); err != nil {
		t.Error(err)
	}
}

func TestLongNames(t *testing.T) {
	dir := folder(t)
	names := []string{strings.Repeat("x", 255), strings.Repeat("x", 254), strings.Repeat("é", 127), "a.conf"}
	var files []txn.File
	for _, n := range names {
		files = append(files, file(dir+"/"+n, "new"))
	}
	x := mustPrepare(t, newRecorder(), files...)
	for n := range look(t, dir) {
		if len(n) > 255 || !strings.HasPrefix(n, ".") || !strings.Contains(n, ".credrender-") || strings.ToValidUTF8(n, "?") != n {
			t.Errorf("staged as %q", n)
		}
	}
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(look(t, dir))); len(got) != len(names) {
		t.Errorf("got %q", got)
	}
}

func TestRootMovesEverything(t *testing.T) {
	dir := folder(t)
	if err := errors.Join(os.MkdirAll(dir+"/etc", 0o755), os.Symlink("/etc/real", dir+"/etc/link")); err != nil {
		t.Fatal(err)
	}
	d := txn.Disk{Root: dir}
	x, err := d.Prepare(t.Context(), newRecorder(), []txn.File{file("/etc/link", "new")})
	if err != nil {
		t.Fatal(err)
	}
	if s := x.Staged("/etc/link"); !strings.HasPrefix(s, dir+"/etc/.real.") {
		t.Errorf("staged as %s", s)
	}
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"etc": "dir", "etc/link": "-> /etc/real", "etc/real": "-rw------- new"})
	j := newRecorder()
	if x, err = d.Prepare(t.Context(), j, []txn.File{file("/etc/link", "newest")}); err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if out, err := (txn.Disk{}).Recover(t.Context(), j.last, j); err != nil || out.Left != nil { // the record knows the root
		t.Errorf("recovered %+v, %v", out, err)
	}
	e, err := d.Inspect("/etc/link")
	if err != nil || string(e.Data) != "new" || e.Path != "/etc/real" || !e.KeepMeta {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestCreatedDirectoriesStay(t *testing.T) {
	dir := folder(t)
	a, b := file(dir+"/x/y/a", "a"), file(dir+"/x/y/z/b", "b")
	a.CreateDirs, b.CreateDirs = true, true
	old := unix.Umask(0o077)
	x := mustPrepare(t, newRecorder(), a, b)
	unix.Umask(old)
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"x": "dir", "x/y": "dir", "x/y/a": "-rw------- a", "x/y/z": "dir", "x/y/z/b": "-rw------- b"})
	if mode := stat(t, dir+"/x/y").Mode & 0o777; mode != 0o755 {
		t.Errorf("mode %o", mode)
	}
}

func TestSomebodyReplacesAStagedFile(t *testing.T) {
	dir := folder(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/a", "old", 0o644)
	x := mustPrepare(t, newRecorder(), file(dir+"/b", "new b"), file(dir+"/a", "new"))
	if err := errors.Join(os.Remove(x.Staged(dir+"/a")), os.WriteFile(x.Staged(dir+"/a"), []byte("theirs"), 0o666)); err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context(), true); !errors.Is(err, txn.ErrInterfered) {
		t.Errorf("got %v", err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r--r-- old"})
}

func TestJournalFails(t *testing.T) {
	for _, phase := range []txn.Phase{txn.Prepare, txn.Commit, txn.Done, txn.Idle} {
		t.Run(string(phase), func(t *testing.T) {
			dir := folder(t)
			write(t, dir+"/a", "old", 0o644)
			before := look(t, dir)
			j := newRecorder()
			j.fail = phase
			x, err := txn.Disk{}.Prepare(t.Context(), j, []txn.File{file(dir+"/a", "new"), file(dir+"/b", "new")})
			if err == nil {
				err = x.Commit(t.Context(), true)
			}
			if err == nil && phase == txn.Idle {
				err = x.Rollback(false)
			} else if err == nil {
				err = x.Done()
			}
			if !errors.Is(err, errJournal) {
				t.Errorf("got %v", err)
			}
			equal(t, look(t, dir), before)
		})
	}
}

func TestCancelledContext(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old", 0o644)
	before := look(t, dir)
	ctx, cancel := cancelled(t)
	x := mustPrepare(t, newRecorder(), file(dir+"/a", "new"))
	cancel()
	if err := x.Commit(ctx, true); !errors.Is(err, ctx.Err()) {
		t.Errorf("commit: %v", err)
	}
	equal(t, look(t, dir), before)
	if _, err := (txn.Disk{}).Prepare(ctx, newRecorder(), []txn.File{file(dir+"/a", "new")}); !errors.Is(err, ctx.Err()) {
		t.Errorf("prepare: %v", err)
	}
	equal(t, look(t, dir), before)
}

func TestMountedFile(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/source", "old", 0o644)
	write(t, dir+"/a", "below", 0o644)
	fsystest.Mount(t, dir+"/source", dir+"/a", "", unix.MS_BIND, "")
	before := look(t, dir)
	x := mustPrepare(t, newRecorder(), file(dir+"/a", "new"))
	if err := x.Commit(t.Context(), true); !errors.Is(err, txn.ErrMountPoint) {
		t.Errorf("got %v", err)
	}
	equal(t, look(t, dir), before)

	f := file(dir+"/a", "new")
	f.InPlace = true
	x = mustPrepare(t, newRecorder(), f)
	if err := errors.Join(x.Commit(t.Context(), true), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"source": "-rw------- new", "a": "-rw------- new"})
}

func TestFullAndReadOnlyFileSystems(t *testing.T) {
	dir := folder(t)
	fsystest.Mount(t, "tmpfs", dir, "tmpfs", 0, "size=64k,mode=755")
	write(t, dir+"/a", "old", 0o644)
	write(t, dir+"/p", strings.Repeat("old", 1000), 0o644)
	before := look(t, dir)
	big := file(dir+"/b", strings.Repeat("x", 1<<20))
	inPlace := file(dir+"/p", strings.Repeat("new", 10000))
	inPlace.InPlace = true
	for name, files := range map[string][]txn.File{
		"staging": {file(dir+"/a", "new"), big},
		"copying": {file(dir+"/a", strings.Repeat("n", 20000)), inPlace},
	} {
		x, err := txn.Disk{}.Prepare(t.Context(), newRecorder(), files)
		if err == nil {
			err = x.Commit(t.Context(), true)
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s: %v", name, err)
		}
		equal(t, look(t, dir), before)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := (txn.Disk{}).Prepare(t.Context(), newRecorder(), []txn.File{file(dir+"/a", "new")}); !errors.Is(err, unix.EROFS) {
		t.Errorf("read-only: %v", err)
	}
	equal(t, look(t, dir), before)
}
