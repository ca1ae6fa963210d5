package txn_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/txn"
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

func repair(d txn.Disk, dest string, mode fs.FileMode, uid, gid int) error {
	_, err := d.Repair(txn.File{Dest: dest, Mode: mode, UID: uid, GID: gid})
	return err
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
	if rec.HookPending {
		p += "+pending"
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

func stat(t *testing.T, name string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t)
}
