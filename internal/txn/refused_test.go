package txn_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

// refusal is files that are not installed, and why.
type refusal struct {
	files []txn.File
	kind  string
	err   error
}

func (r refusal) check(t *testing.T) {
	t.Helper()
	j := newRecorder()
	_, err := txn.Disk{}.Prepare(t.Context(), j, r.files)
	kind, link := (*txn.KindError)(nil), (*fsys.LinkError)(nil)
	switch {
	case errors.As(err, &kind):
		if kind.Kind != r.kind {
			t.Errorf("got %q, want %q", kind.Kind, r.kind)
		}
	case errors.As(err, &link):
		if r.kind != "link" {
			t.Error(err)
		}
	case r.err == nil || !errors.Is(err, r.err):
		t.Errorf("got %v, want %v %s", err, r.err, r.kind)
	}
	if _, inspectErr := (txn.Disk{}).Inspect(r.files[len(r.files)-1].Dest); r.kind != "" && inspectErr == nil {
		t.Error("Inspect accepts it")
	}
	if j.phases != nil {
		t.Errorf("journalled %v", j.phases)
	}
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
	tests := map[string]refusal{
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
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			r.check(t)
			equal(t, look(t, dir), before)
		})
	}
}

func TestMountedFile(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/source", "old", 0o644)
	write(t, dir+"/a", "below", 0o644)
	fsystest.Mount(t, dir+"/source", dir+"/a", "", unix.MS_BIND, "")
	before := look(t, dir)
	if _, err := (txn.Disk{}).Prepare(t.Context(), newRecorder(), []txn.File{file(dir+"/a", "new")}); !errors.Is(err, txn.ErrMountPoint) {
		t.Errorf("got %v", err)
	}
	equal(t, look(t, dir), before)
	x := oldKernel(t, file(dir+"/a", "new"))
	if err := x.Commit(t.Context(), true); !errors.Is(err, txn.ErrMountPoint) {
		t.Errorf("where the kernel does not tell: %v", err)
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

// oldKernel prepares on a kernel that does not tell mounts apart.
func oldKernel(t *testing.T, f txn.File) *txn.Txn {
	t.Helper()
	x, err := txn.Disk{FS: noMounts{fsys.OS{}}}.Prepare(t.Context(), newRecorder(), []txn.File{f})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

type noMounts struct{ fsys.FS }

func (noMounts) Traits(int, string) (fsys.Traits, error) { return fsys.Traits{}, nil }

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
