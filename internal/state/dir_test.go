package state_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

func options(t *testing.T) state.Options {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return state.Options{Dir: dir + "/state", Runtime: dir + "/run", Machine: "i-1"}
}

func open(t *testing.T, o state.Options) *state.Dir {
	t.Helper()
	d, err := state.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestOpenMakesPrivateDirectories(t *testing.T) {
	o := options(t)
	o.Dir += "/deep/er"
	open(t, o)
	open(t, o)
	for _, dir := range []string{o.Dir, filepath.Dir(o.Dir), o.Runtime} {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, info, err)
		}
	}
	info, err := os.Stat(o.Runtime + "/fingerprint.key")
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
		t.Errorf("key: %v, %v", info, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, mode := range []fs.FileMode{0o770, 0o702, 0o777 | fs.ModeSticky} {
		o := options(t)
		if err := errors.Join(os.Mkdir(o.Dir, 0o700), os.Chmod(o.Dir, mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := state.Open(o); !errors.Is(err, state.ErrUntrusted) || !strings.Contains(err.Error(), o.Dir) {
			t.Errorf("mode %v: %v", mode, err)
		}
		o.ReadOnly = true
		if _, err := state.Open(o); !errors.Is(err, state.ErrUntrusted) {
			t.Errorf("mode %v, to read: %v", mode, err)
		}
	}
	o := options(t)
	if err := os.WriteFile(o.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Open(o); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("a file: %v", err)
	}
}

func TestOpenAmongUsers(t *testing.T) {
	fsystest.NeedRoot(t)
	o := options(t)
	if err := errors.Join(os.Mkdir(o.Dir, 0o700), os.Chown(o.Dir, fsystest.Nobody, fsystest.Nobody)); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Open(o); !errors.Is(err, state.ErrUntrusted) {
		t.Errorf("somebody else's: %v", err)
	}
	top := filepath.Dir(o.Dir)
	if err := errors.Join(os.Chmod(filepath.Dir(top), 0o755), os.Chmod(top, 0o755), os.Mkdir(top+"/roots", 0o755)); err != nil {
		t.Fatal(err)
	}
	fsystest.AsUser(t, fsystest.Nobody, func() {
		for _, dir := range []string{top + "/none", top + "/roots/deep"} {
			if _, err := state.Open(state.Options{Dir: dir}); !errors.Is(err, state.ErrNotWritable) {
				t.Errorf("%s: %v", dir, err)
			}
		}
		d, err := state.Open(o)
		if err != nil {
			t.Errorf("our own: %v", err)
			return
		}
		_ = d.Close()
	})
}

func TestReadOnlyFileSystem(t *testing.T) {
	o := options(t)
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	fsystest.Mount(t, "tmpfs", o.Dir, "tmpfs", unix.MS_RDONLY, "mode=700")
	if _, err := state.Open(o); !errors.Is(err, state.ErrNotWritable) {
		t.Errorf("got %v", err)
	}
}

func TestReadOnlyTouchesNothing(t *testing.T) {
	o := options(t)
	o.ReadOnly = true
	d := open(t, o)
	jobs, err := d.Jobs()
	if err != nil || jobs != nil {
		t.Errorf("jobs: %v, %v", jobs, err)
	}
	if key, err := d.HostKey(); err != nil || len(key) != 32 {
		t.Errorf("host key: %v", err)
	}
	j, err := d.Job("a", "a", state.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Update(func(r *state.Record) { r.Refused = "x" }); !errors.Is(err, state.ErrNotWritable) {
		t.Errorf("update: %v", err)
	}
	if _, err := d.Lock(t.Context(), 0, ""); !errors.Is(err, state.ErrNotWritable) {
		t.Errorf("lock: %v", err)
	}
	if err := j.Remove(); !errors.Is(err, state.ErrNotWritable) {
		t.Errorf("remove: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(o.Dir))
	if err != nil || len(entries) != 0 {
		t.Errorf("made %v, %v", entries, err)
	}
}

func TestFingerprints(t *testing.T) {
	o := options(t)
	a, b := open(t, o), open(t, o)
	print := a.Fingerprint([]byte("hunter2"))
	if same, known := b.Matches(print, []byte("hunter2")); !same || !known {
		t.Errorf("the next run: %v, %v", same, known)
	}
	if same, known := b.Matches(print, []byte("hunter3")); same || !known {
		t.Errorf("another content: %v, %v", same, known)
	}
	if same, known := b.Matches("", nil); same || known {
		t.Errorf("no fingerprint: %v, %v", same, known)
	}

	spoil := map[string]func(key string) error{
		"missing":          os.Remove,
		"short":            func(key string) error { return os.Truncate(key, 31) },
		"read by others":   func(key string) error { return os.Chmod(key, 0o604) },
		"others' too":      func(key string) error { return os.Chmod(filepath.Dir(key), 0o777) },
		"not a directory":  func(key string) error { return swapForFile(filepath.Dir(key)) },
		"a link elsewhere": func(key string) error { return errors.Join(os.Remove(key), os.Symlink("/dev/zero", key)) },
	}
	for name, do := range spoil {
		o := options(t)
		d := open(t, o)
		old := d.Fingerprint([]byte("x"))
		if err := do(o.Runtime + "/fingerprint.key"); err != nil {
			t.Fatal(err)
		}
		next := open(t, o)
		if info, err := os.Stat(o.Runtime + "/fingerprint.key"); name == "short" && (err != nil || info.Size() != 32) {
			t.Errorf("%s: not made again: %v", name, err)
		}
		if same, known := next.Matches(old, []byte("x")); same || known {
			t.Errorf("%s: %v, %v", name, same, known)
		}
		if same, known := next.Matches(next.Fingerprint([]byte("x")), []byte("x")); !same || !known {
			t.Errorf("%s: its own: %v, %v", name, same, known)
		}
	}
	o.Runtime = ""
	if d := open(t, o); d.Fingerprint(nil) == open(t, o).Fingerprint(nil) {
		t.Error("two runs without a runtime directory share a key")
	}
}

func swapForFile(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
}

func TestHostKey(t *testing.T) {
	o := options(t)
	first, err := open(t, o).HostKey()
	if err != nil || len(first) != 32 || bytes.Equal(first, make([]byte, 32)) {
		t.Fatalf("got %d bytes, %v", len(first), err)
	}
	again, err := open(t, o).HostKey()
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the next run has another, %v", err)
	}
	ro := o
	ro.ReadOnly = true
	if again, err := open(t, ro).HostKey(); err != nil || !bytes.Equal(first, again) {
		t.Errorf("a reader has another, %v", err)
	}
	o.Machine = "i-2"
	other, err := open(t, o).HostKey()
	if err != nil || bytes.Equal(first, other) {
		t.Errorf("another machine has the same, %v", err)
	}
	if err := os.WriteFile(o.Dir+"/host.key", []byte(`{"machine":"x","key":"AAAA"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	corrupt := (*state.CorruptError)(nil)
	if _, err := open(t, o).HostKey(); !errors.As(err, &corrupt) || corrupt.Path != o.Dir+"/host.key" {
		t.Errorf("corrupt: %v", err)
	}
}

// TestLockMindsItsOwn: what a crash left goes, what is none of ours is in nobody's way.
func TestLockMindsItsOwn(t *testing.T) {
	o := options(t)
	d := open(t, o)
	if err := errors.Join(os.WriteFile(o.Dir+"/.tmp-job-x.json", nil, 0o600), os.Mkdir(o.Dir+"/.tmp-theirs", 0o700)); err != nil {
		t.Fatal(err)
	}
	l, err := d.Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	if left, _ := filepath.Glob(o.Dir + "/.tmp-*"); len(left) != 1 || left[0] != o.Dir+"/.tmp-theirs" {
		t.Errorf("left %v", left)
	}
}

func TestLock(t *testing.T) {
	o := options(t)
	l, err := open(t, o).Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, o)
	locked := (*state.LockedError)(nil)
	_, err = d.Lock(t.Context(), 0, "")
	if !errors.Is(err, state.ErrLocked) || !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Inside {
		t.Errorf("second: %v", err)
	}
	_, err = d.Lock(t.Context(), 10*time.Second, l.Token())
	if !errors.As(err, &locked) || !locked.Inside {
		t.Errorf("inside: %v", err)
	}
	if _, err = d.Lock(t.Context(), 60*time.Millisecond, "another token"); !errors.As(err, &locked) || locked.Inside {
		t.Errorf("stale token: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	l, err = d.Lock(t.Context(), 0, l.Token())
	if err != nil {
		t.Errorf("released, with a stale token: %v", err)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = l.Release()
	}()
	next, err := open(t, o).Lock(t.Context(), 10*time.Second, "")
	if err != nil {
		t.Fatalf("waiting: %v", err)
	}
	if next.Token() == l.Token() || len(next.Token()) < 32 {
		t.Errorf("token %q", next.Token())
	}
	_ = next.Release()
}

func TestLockStopsWithItsContext(t *testing.T) {
	o := options(t)
	l, err := open(t, o).Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }()
	ctx, cancel := contextThatEnds(t)
	defer cancel()
	if _, err := open(t, o).Lock(ctx, 10*time.Second, ""); !errors.Is(err, errEnough) || errors.Is(err, state.ErrLocked) {
		t.Errorf("got %v", err)
	}
}

func TestLockOnARemovedFile(t *testing.T) {
	o := options(t)
	l, err := open(t, o).Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }()
	removed := false
	h := &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
		if op.Name == "statat" && op.File == "lock" && !removed {
			removed = true
			return os.Remove(o.Dir + "/lock")
		}
		return nil
	}}
	_ = l.Release()
	o.FS = h
	d := open(t, o)
	l, err = d.Lock(t.Context(), 10*time.Second, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }()
	if _, err := open(t, options2(o)).Lock(t.Context(), 0, ""); !errors.Is(err, state.ErrLocked) {
		t.Errorf("two hold it: %v", err)
	}
}

func options2(o state.Options) state.Options {
	o.FS = nil
	return o
}

func TestLockSweeps(t *testing.T) {
	o := options(t)
	d := open(t, o)
	if err := os.WriteFile(o.Dir+"/.tmp-job-x.json", []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := d.Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }()
	entries, err := os.ReadDir(o.Dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"lock"}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestSteps(t *testing.T) {
	var seen []string
	o := options(t)
	o.FS = &fsystest.Hook{FS: fsys.OS{}, AtStep: func(s string) { seen = append(seen, s) }}
	d := open(t, o)
	l, err := d.Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }()
	if _, err := d.HostKey(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	if diff := cmp.Diff(slices.Sorted(slices.Values(state.Steps())), seen); diff != "" {
		t.Error(diff)
	}
}
