//go:build interop

package upgrade

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/clitest"
)

// versions are the commits whose state is read. All write format 1 of the state, which
// grew under that number.
var versions = []struct{ commit, what string }{
	{"8c849e3", "the first that renders from a local store"},
	{"6b08b63", "the first with a daemon and change checks"},
	{"64f28e1", "the first that keeps the account apart"},
	{"4732cea", "the last before format 2"},
}

// The binaries of TestMain and of build, by commit.
var (
	current string
	built   = map[string]string{}
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m, &current)) }

// build builds the command as of a commit.
func build(t *testing.T, commit string) string {
	t.Helper()
	if built[commit] != "" {
		return built[commit]
	}
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", "../.."}, args...)...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if _, err := git("cat-file", "-e", commit+"^{commit}"); err != nil {
		if shallow, err := git("rev-parse", "--is-shallow-repository"); err != nil || shallow == "true" {
			t.Skipf("commit %s: this is not a clone with the whole history", commit)
		}
		t.Fatalf("commit %s is not in the history", commit)
	}
	src, bin := t.TempDir(), filepath.Join(filepath.Dir(current), "credrender-"+commit)
	script := `git -C ../.. archive "$1" | tar -x -C "$2" && cd "$2" && CGO_ENABLED=0 go build -trimpath -o "$3" ./cmd/credrender`
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", commit, src, bin).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", commit, err, out)
	}
	built[commit] = bin
	return bin
}

// host is a folder with a config, a local store that an old binary has made, and the
// state of two jobs. The hook of the first one fails until the file ok exists.
type host struct {
	t   *testing.T
	dir string
}

func newHost(t *testing.T, old string) host {
	t.Helper()
	h := host{t, t.TempDir()}
	h.must(os.Mkdir(h.path("state"), 0o700))
	h.must(os.Mkdir(h.path("run"), 0o700))
	config := fmt.Sprintf(`store: local:%[1]s/store
local_key: %[1]s/key
state_dir: %[1]s/state
jobs:
  - {name: app, content: '{{ secret "db.password" }}', dest: %[1]s/app, hook: 'test -e %[1]s/ok && echo hooked >> %[1]s/hooks'}
  - {name: other, content: 'other {{ secret "db.password" }}', dest: %[1]s/other}
`, h.dir)
	h.must(os.WriteFile(h.path("credrender.yaml"), []byte(config), 0o600))
	h.run(old, "", 0, "setup")
	h.run(old, "first", 0, "put", "db.password", "-")
	return h
}

func (h host) path(name string) string { return filepath.Join(h.dir, name) }

func (h host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// run runs a binary and returns what it prints.
func (h host) run(bin, stdin string, want int, args ...string) string {
	h.t.Helper()
	env := []string{"RUNTIME_DIRECTORY=" + h.path("run")}
	out, code := clitest.Run(h.t.Context(), h.t, env, stdin, append([]string{bin, "-c", h.path("credrender.yaml")}, args...)...)
	if code != want {
		h.t.Fatalf("%s exits with %d, want %d:\n%s", strings.Join(args, " "), code, want, out)
	}
	return out
}

// files returns the content, inode and change time of files, by name.
func (h host) files(pattern string) map[string]string {
	h.t.Helper()
	paths, err := filepath.Glob(h.path(pattern))
	h.must(err)
	all := map[string]string{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		h.must(err)
		info, err := os.Stat(p)
		h.must(err)
		st := info.Sys().(*syscall.Stat_t)
		all[filepath.Base(p)] = fmt.Sprintf("%s inode %d ctime %d.%d", data, st.Ino, st.Ctim.Sec, st.Ctim.Nsec)
	}
	if len(all) == 0 {
		h.t.Fatalf("no file matches %s", pattern)
	}
	return all
}

func (h host) wantHooks(want int) {
	h.t.Helper()
	data, err := os.ReadFile(h.path("hooks"))
	if got := strings.Count(string(data), "hooked\n"); got != want {
		h.t.Errorf("the hook succeeded %d times, want %d (%v)", got, want, err)
	}
}

// The new binary takes over: it rewrites no file and runs the hook that is pending.
func TestNewBinaryReadsOldState(t *testing.T) {
	for _, v := range versions {
		t.Run(v.commit, func(t *testing.T) {
			t.Log(v.what)
			old := build(t, v.commit)
			h := newHost(t, old)
			h.run(old, "", 5, "render")
			app, other := h.files("app"), h.files("other")
			h.run(current, "", 5, "render") // the hook is still pending, and fails again
			h.must(os.WriteFile(h.path("ok"), nil, 0o600))
			out := h.run(current, "", 0, "render")
			if !strings.Contains(out, "ran hook") || strings.Contains(out, "updated") || strings.Contains(out, "created") {
				t.Errorf("the first good run of the new binary prints\n%s", out)
			}
			h.wantHooks(1)
			if out := h.run(current, "", 0, "render"); out != "" {
				t.Errorf("an unchanged run prints\n%s", out)
			}
			h.wantHooks(1)
			for name, before := range map[string]map[string]string{"app": app, "other": other} {
				if diff := cmp.Diff(before, h.files(name)); diff != "" {
					t.Errorf("%s was rewritten (-before +after):\n%s", name, diff)
				}
			}
			h.run(current, "second", 0, "put", "db.password", "-")
			h.run(current, "", 0, "render", "--force")
			h.wantHooks(2)
		})
	}
}

// A downgrade: the old binary refuses state that it cannot read, and leaves it and the
// files alone. The new one then goes on where it was.
func TestOldBinaryRefusesNewState(t *testing.T) {
	for _, v := range versions {
		t.Run(v.commit, func(t *testing.T) {
			t.Log(v.what)
			old := build(t, v.commit)
			h := newHost(t, old)
			h.run(current, "", 5, "render")
			state, app := h.files("state/job-*"), h.files("app")
			h.must(os.WriteFile(h.path("ok"), nil, 0o600))
			out := h.run(old, "", 1, "render")
			if !strings.Contains(out, "state/job-") || !strings.Contains(out, "format version 3") || !strings.Contains(out, " 1") {
				t.Errorf("the old binary does not name its format and that of the file:\n%s", out)
			}
			if diff := cmp.Diff(state, h.files("state/job-*")); diff != "" {
				t.Errorf("the old binary changed the state (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(app, h.files("app")); diff != "" {
				t.Errorf("the old binary changed a file (-before +after):\n%s", diff)
			}
			h.run(current, "", 0, "render")
			h.wantHooks(1)
		})
	}
}
