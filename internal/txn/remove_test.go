package txn_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/credrender/credrender/internal/txn"
)

// A removed file is gone after Commit, comes back with Rollback as it was, and is gone for
// good after Done.
func TestRemove(t *testing.T) {
	for name, finish := range map[string]func(*txn.Txn) error{
		"done":     (*txn.Txn).Done,
		"rollback": func(x *txn.Txn) error { return x.Rollback(false) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			write(t, filepath.Join(dir, "gone"), "old", 0o640)
			write(t, filepath.Join(dir, "kept"), "old", 0o600)
			before := stat(t, filepath.Join(dir, "gone")).Ino
			x := mustPrepare(t, newRecorder(), file(filepath.Join(dir, "kept"), "new"), txn.File{Dest: filepath.Join(dir, "gone"), Remove: true})
			if staged := x.Staged(filepath.Join(dir, "gone")); staged != "" {
				t.Errorf("staged as %s", staged)
			}
			if err := x.Commit(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after Commit: %v", err)
			}
			if err := finish(x); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"kept": "-rw------- new"}
			if name == "rollback" {
				want = map[string]string{"kept": "-rw------- old", "gone": "-rw-r----- old"}
				if stat(t, filepath.Join(dir, "gone")).Ino != before {
					t.Error("it is another file")
				}
			}
			equal(t, look(t, dir), want)
		})
	}
}

// What cannot be removed is an error before anything is written.
func TestRemoveRefuses(t *testing.T) {
	dir := folder(t)
	write(t, filepath.Join(dir, "kept"), "old", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{"missing": fs.ErrNotExist, "no/such/directory": fs.ErrNotExist, "directory": nil} {
		_, err := txn.Disk{}.Prepare(t.Context(), newRecorder(), []txn.File{file(filepath.Join(dir, "kept"), "new"), {Dest: filepath.Join(dir, name), Remove: true}})
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	equal(t, look(t, dir), map[string]string{"kept": "-rw------- old", "directory": "dir"})
}

// A verify that makes a removed file anew has altered it; a file that another program has
// put there before Commit is not removed.
func TestRemoveInterfered(t *testing.T) {
	dir := folder(t)
	name := filepath.Join(dir, "gone")
	write(t, name, "old", 0o600)
	x := mustPrepare(t, newRecorder(), txn.File{Dest: name, Remove: true})
	if err := errors.Join(x.Commit(t.Context(), false), x.Unaltered(name)); err != nil {
		t.Fatal(err)
	}
	write(t, name, "made by verify", 0o600)
	if err := x.Unaltered(name); !errors.Is(err, txn.ErrAltered) {
		t.Errorf("got %v, want ErrAltered", err)
	}
	if err := x.Rollback(false); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"gone": "-rw------- old"})
}
