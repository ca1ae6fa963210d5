package txn_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/test/fsystest"
)

// fault fails the nth operation of a transaction, and forever after where it lasts.
type fault struct {
	nth   int
	errno unix.Errno
	lasts bool
}

// in returns a disk with the fault, which counts its operations and notes the one that
// failed first.
func (f fault) in(s *fsystest.Sim, ops *int, at *fsystest.Op) *fsystest.Hook {
	return &fsystest.Hook{FS: s, Before: func(op fsystest.Op) error {
		*ops++
		if *ops == f.nth || f.lasts && *ops > f.nth && f.nth > 0 {
			if *ops == f.nth {
				*at = op
			}
			return f.errno
		}
		return nil
	}}
}

// faulty runs one transaction with the fault, and reports how many operations
// it had and the errors of its last step.
func faulty(t *testing.T, s *fsystest.Sim, j *recorder, f fault) (ops int, at fsystest.Op, step string, err error) {
	t.Helper()
	h := f.in(s, &ops, &at)
	deep, inPlace := file("/d/sub/c", "new c"), file("/d/p", "new p")
	deep.CreateDirs, inPlace.InPlace = true, true
	deep.UID, deep.GID, deep.Mode = 7, 7, 0o640
	x, err := txn.Disk{FS: h}.Prepare(t.Context(), j, []txn.File{file("/d/a", "new a"), deep, inPlace})
	if err != nil {
		return ops, at, "prepare", err
	}
	if err := x.Commit(t.Context(), true); err != nil {
		return ops, at, "commit", err
	}
	return ops, at, "done", x.Done()
}

// faultyReplace does the same to one file that is renamed.
func faultyReplace(t *testing.T, s *fsystest.Sim, j *recorder, dest string, f fault) (ops int, at fsystest.Op, err error) {
	t.Helper()
	h := f.in(s, &ops, &at)
	x, err := txn.Disk{FS: h}.Prepare(t.Context(), j, []txn.File{file(dest, "new")})
	if err != nil {
		return ops, at, err
	}
	return ops, at, x.Replace(t.Context())
}

// TestEveryOperationOfReplaceFails: the file is old where Replace has failed before it was
// in place, new where it has not, and after recovery nothing of ours is left.
func TestEveryOperationOfReplaceFails(t *testing.T) {
	for _, dest := range []string{"/d/a", "/d/fresh"} {
		total, _, err := faultyReplace(t, faultDisk(), newRecorder(), dest, fault{})
		if err != nil {
			t.Fatal(err)
		}
		for nth := range total + 1 {
			for i, errno := range []unix.Errno{unix.ENOSPC, unix.EIO, unix.EROFS} {
				f := fault{nth, errno, i%2 == nth%2}
				s, j := faultDisk(), newRecorder()
				_, at, err := faultyReplace(t, s, j, dest, f)
				name := fmt.Sprintf("%s, %+v at %s %s after %s: %v", dest, f, at.Name, at.File, at.Label, err)
				if err != nil && !errors.Is(err, errno) {
					t.Errorf("%s: the cause is not told", name)
				}
				if s.OpenFiles() > 0 {
					t.Errorf("%s: %d descriptors leak", name, s.OpenFiles())
				}
				isNew := s.Walk()[dest].Content == "new"
				if err == nil && !isNew || err != nil && isNew && j.last.Phase == txn.Idle {
					t.Errorf("%s: new file: %v, journal %q", name, isNew, j.last.Phase)
				}
				if _, err := (txn.Disk{FS: s}).Recover(t.Context(), j.last, j); err != nil {
					t.Errorf("%s: recover: %v", name, err)
				}
				want := faultDisk().Walk()
				if now := s.Walk(); now[dest].Content == "new" {
					want[dest] = now[dest]
				}
				if now := s.Walk(); !maps.Equal(now, want) {
					t.Errorf("%s: recovered: %v", name, now)
				}
			}
		}
	}
}

// TestReplaceIsForOneFile: a transaction that cannot be replaced is left as it was.
func TestReplaceIsForOneFile(t *testing.T) {
	inPlace := file("/d/a", "new")
	inPlace.InPlace = true
	for name, files := range map[string][]txn.File{
		"two files": {file("/d/a", "new"), file("/d/p", "new")},
		"in place":  {inPlace},
		"removal":   {{Dest: "/d/a", Remove: true}},
	} {
		s := faultDisk()
		x, err := txn.Disk{FS: s}.Prepare(t.Context(), newRecorder(), files)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Replace(t.Context()); err == nil || x.Replaceable() {
			t.Errorf("%s: replaced: %v", name, err)
		}
		if err := x.Rollback(false); err != nil || !maps.Equal(s.Walk(), faultDisk().Walk()) {
			t.Errorf("%s: %v, %v", name, s.Walk(), err)
		}
	}
}

func faultDisk() *fsystest.Sim {
	s := fsystest.NewSim("/d")
	s.Put("/d/a", "old a", 0o644, 3, 3)
	s.Put("/d/p", "old p", 0o600, 0, 0)
	return s
}

// TestEveryOperationFails: whatever fails, and for how long, all files are old
// or all are new, and after recovery nothing of ours is left.
func TestEveryOperationFails(t *testing.T) {
	total, _, _, err := faulty(t, faultDisk(), newRecorder(), fault{})
	if err != nil {
		t.Fatal(err)
	}
	old := faultDisk().Walk()
	for nth := range total + 1 {
		for i, errno := range []unix.Errno{unix.ENOSPC, unix.EIO, unix.EROFS, unix.EMFILE} {
			f := fault{nth, errno, i%2 == nth%2}
			s, j := faultDisk(), newRecorder()
			_, at, step, err := faulty(t, s, j, f)
			name := fmt.Sprintf("%+v in %s at %s %s after %s: %v", f, step, at.Name, at.File, at.Label, err)
			if err != nil && !errors.Is(err, errno) {
				t.Errorf("%s: the cause is not told", name)
			}
			if j.last.Phase == txn.Idle || j.last.Phase == txn.Done && err == nil {
				clean(t, name, s.Walk(), old, err != nil)
			}
			if s.OpenFiles() > 0 {
				t.Errorf("%s: %d descriptors leak", name, s.OpenFiles())
			}
			standing := err == nil || j.last.Phase == txn.Done
			if _, err := (txn.Disk{FS: s}).Recover(t.Context(), j.last, j); err != nil {
				t.Errorf("%s: recover: %v", name, err)
			}
			clean(t, name+": recovered", s.Walk(), old, !standing)
		}
	}
}

func clean(t *testing.T, name string, now, old map[string]fsystest.Entry, wantOld bool) {
	t.Helper()
	names := strings.Join(slices.Sorted(maps.Keys(now)), " ")
	switch {
	case wantOld && !maps.Equal(now, old):
		t.Errorf("%s: not as before: %v", name, now)
	case !wantOld && (names != "/d /d/a /d/p /d/sub /d/sub/c" || now["/d/a"].Content != "new a" || now["/d/p"].Content != "new p"):
		t.Errorf("%s: not as wanted: %v", name, now)
	}
}

// TestRecoveryFails: an operation that fails in recovery leaves the journal
// for another time, and another time works.
func TestRecoveryFails(t *testing.T) {
	for nth := 1; ; nth++ {
		s, j := faultDisk(), newRecorder()
		commitOnly(t, s, j)
		ops := 0
		h := &fsystest.Hook{FS: s, Before: func(fsystest.Op) error {
			if ops++; ops == nth {
				return unix.EIO
			}
			return nil
		}}
		before := j.last
		_, err := txn.Disk{FS: h}.Recover(t.Context(), j.last, j)
		if err != nil && j.last.Phase != before.Phase {
			t.Errorf("operation %d: journal says %q after %v", nth, j.last.Phase, err)
		}
		out, again := txn.Disk{FS: s}.Recover(t.Context(), j.last, j)
		if again != nil || len(out.Left) > 0 {
			t.Errorf("operation %d: recovered %+v, %v", nth, out, again)
		}
		clean(t, fmt.Sprint("operation ", nth), s.Walk(), faultDisk().Walk(), true)
		if s.OpenFiles() > 1 { // the transaction's that crashed
			t.Errorf("operation %d: %d descriptors leak", nth, s.OpenFiles())
		}
		if ops < nth {
			return
		}
	}
}

// commitOnly leaves s as a crash after the renames does.
func commitOnly(t *testing.T, s *fsystest.Sim, j txn.Journal) {
	t.Helper()
	inPlace := file("/d/p", "new p")
	inPlace.InPlace = true
	x, err := txn.Disk{FS: s}.Prepare(t.Context(), j, []txn.File{file("/d/a", "new a"), inPlace, file("/d/c", "new c")})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
}
