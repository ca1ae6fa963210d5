package edit_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/edit"
)

func TestEdited(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"old", "new\n", "new"},
		{"old", "new", "new"},
		{"old", "new\n\n", "new\n"},
		{"old\n", "new\n", "new\n"},
		{"old\n", "new", "new"},
		{"", "new\n", "new"},
		{"a\r\nb", "a\r\nb\r\n", "a\r\nb"},
		{"a\r\nb", "a\nb\n", "a\nb"},
		{"old", "", ""},
	} {
		if got := string(edit.Edited([]byte(c.before), []byte(c.after))); got != c.want {
			t.Errorf("%q edited to %q: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}

func workspace(t *testing.T, dirs []string, fallback, ext string) *edit.Workspace {
	t.Helper()
	w, err := edit.NewWorkspace(dirs, fallback, ext)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// The file and its directory are closed to others, and both are gone afterwards, with
// what the editor has put beside the file.
func TestWorkspace(t *testing.T) {
	parent := t.TempDir()
	w := workspace(t, nil, parent, ".json")
	if err := w.Write([]byte("one")); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]fs.FileMode{w.Path(): 0o600, filepath.Dir(w.Path()): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
	if filepath.Ext(w.Path()) != ".json" || filepath.Dir(filepath.Dir(w.Path())) != parent {
		t.Errorf("the file is %s", w.Path())
	}
	editor := edit.Editor{Command: "sh -c 'cp \"$1\" \"$1~\"; echo two > \"$1\"' --", Env: os.Environ(), Dir: parent}
	if err := editor.Run(t.Context(), w.Path()); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Read(); err != nil || string(got) != "two\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The next run removes what a dead run left, and neither what a live run uses nor what
// has another name or mode.
func TestSweep(t *testing.T) {
	parent := t.TempDir()
	live := workspace(t, nil, parent, "")
	if err := live.Write([]byte("live")); err != nil {
		t.Fatal(err)
	}
	dead, open, other := filepath.Join(parent, "credrender-edit-123"), filepath.Join(parent, "credrender-edit-open"), filepath.Join(parent, "other")
	for dir, mode := range map[string]fs.FileMode{dead: 0o700, open: 0o755, other: 0o700} {
		err := errors.Join(os.Mkdir(dir, mode), os.Chmod(dir, mode), os.WriteFile(filepath.Join(dir, "value"), []byte("left"), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, filepath.Join(parent, "credrender-edit-link")); err != nil {
		t.Fatal(err)
	}
	workspace(t, nil, parent, "")
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the dead run's directory: %v", err)
	}
	for _, path := range []string{live.Path(), filepath.Join(open, "value"), filepath.Join(other, "value")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestEditorFails(t *testing.T) {
	dir := t.TempDir()
	var status *exec.ExitError
	if err := (edit.Editor{Command: "exit 3;", Env: os.Environ(), Dir: dir}).Run(t.Context(), "f"); !errors.As(err, &status) || status.ExitCode() != 3 {
		t.Errorf("exit 3: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := (edit.Editor{Command: "exec sleep 600;", Env: os.Environ(), Dir: dir}).Run(ctx, "f"); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// Vim gets the arguments that keep it from writing beside the file, through a link too.
// Other editors, and another program that is named vi, get the file alone.
func TestVimIsKeptQuiet(t *testing.T) {
	dir := t.TempDir()
	script := func(name, version string) {
		text := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '" + version + "'; exit; fi\nprintf '%s\\n' \"$@\" > " + dir + "/args\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	script("vim.basic", "not asked")
	script("vi", "VIM - Vi IMproved 9.1")
	script("nano", "GNU nano")
	if err := os.Symlink("vim.basic", filepath.Join(dir, "editor")); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	err := os.Mkdir(other, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(other, "vi"), []byte("#!/bin/sh\nif [ \"$1\" = --version ]; then exit 1; fi\nprintf '%s\\n' \"$@\" > "+dir+"/args\n"), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command, path string
		vim           bool
	}{
		{"vim.basic", dir, true}, {"vim.basic -f", dir, true}, {"editor", dir, true}, {"vi", dir, true},
		{filepath.Join(dir, "vi"), other, true}, {"nano", dir, false}, {"vi", other, false},
	} {
		e := edit.Editor{Command: c.command, Env: []string{"PATH=" + c.path + ":/usr/bin:/bin"}, Dir: dir}
		if err := e.Run(t.Context(), "/tmp/value"); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "args"))
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		quiet := slices.Contains(args, "-n") && slices.Contains(args, "NONE") && strings.Contains(string(data), "noundofile")
		if args[len(args)-1] != "/tmp/value" || quiet != c.vim || !c.vim && len(args) != 1 {
			t.Errorf("%s in %s: %q", c.command, c.path, args)
		}
	}
}
