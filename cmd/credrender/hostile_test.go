package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/test/fsystest"
)

// Root renders into a directory in which another user, a process of its own,
// swaps directories, links and files. HOSTILE_SWAPS says how often (make crash:
// 10000). Whatever he does there: nothing outside of it is written, chowned,
// chmodded, made or removed.

const (
	hostileDirEnv = "HOSTILE_DIR"
	hostileJobs   = 12
	hostileCanary = "precious"
)

// hostileMain is the other user: he gives up root for good, makes as many
// swaps as HOSTILE_SWAPS says, and prints how many there were.
func hostileMain() {
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(fsystest.Nobody, fsystest.Nobody, fsystest.Nobody), syscall.Setresuid(fsystest.Nobody, fsystest.Nobody, fsystest.Nobody)); err != nil {
		fmt.Fprintln(os.Stderr, "become nobody:", err)
		os.Exit(1)
	}
	if _, err := os.Stat(os.Getenv(hostileDirEnv)); err != nil {
		fmt.Fprintln(os.Stderr, "every user must be able to reach TMPDIR:", err)
		os.Exit(1)
	}
	want, _ := strconv.Atoi(os.Getenv("HOSTILE_SWAPS"))
	h := hostile{dir: os.Getenv(hostileDirEnv)}
	for h.swaps < want {
		h.swap()
		if rand.IntN(2) == 0 { // else at once: two within one transaction
			time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
		}
	}
	fmt.Println(h.swaps)
}

// hostile is the other user's work.
type hostile struct {
	dir   string
	spare int
	swaps int
}

// swap changes what one name in the directory is. Half of the time the old
// and the new thing change places at once, so that there is no gap to notice.
func (h *hostile) swap() {
	h.spare++
	name := filepath.Join(h.dir, "sub"+strconv.Itoa(rand.IntN(hostileJobs/2)))
	if rand.IntN(3) == 0 {
		name = h.anything(name)
	}
	other := fmt.Sprint(h.dir, "/spare", h.spare)
	h.make(other, name)
	if rand.IntN(2) == 0 || unix.Renameat2(unix.AT_FDCWD, other, unix.AT_FDCWD, name, unix.RENAME_EXCHANGE) != nil {
		away := other + "-away"
		_ = os.Rename(name, away)
		if os.Rename(other, name) != nil {
			return
		}
		other = away
	}
	h.swaps++
	if rand.IntN(2) == 0 {
		_ = os.RemoveAll(other) // root's stay: at most what renders have left
	}
}

// anything is a name in sub, as often as not one that is being staged.
func (h *hostile) anything(sub string) string {
	entries, _ := os.ReadDir(sub)
	if len(entries) == 0 {
		return sub + "/victim"
	}
	return filepath.Join(sub, entries[rand.IntN(len(entries))].Name())
}

// make makes at path what is to stand at name.
func (h *hostile) make(path, name string) {
	up := "../outside"
	if filepath.Dir(name) != h.dir {
		up = "../../outside"
	}
	switch rand.IntN(20) { // most are directories: else no render would come far
	case 0:
		_ = os.Symlink(up, path)
	case 1:
		_ = os.Symlink(up+"/"+[]string{"victim", "roots", "nothing"}[rand.IntN(3)], path)
	case 2:
		_ = os.Link(h.dir+"/../outside/victim", path)
	case 3:
		_ = os.WriteFile(path, []byte("mine"), 0o666)
	case 4:
		_ = unix.Mkfifo(path, 0o666)
	default:
		_ = os.Mkdir(path, 0o777)
		switch rand.IntN(8) {
		case 0:
			_ = os.Symlink("../../outside/victim", path+"/victim")
		case 1:
			_ = os.Link(h.dir+"/../outside/victim", path+"/victim")
		case 2:
			_ = os.Symlink("../../outside", path+"/deep")
		}
	}
}

// hostileConfig has jobs of every kind: staged and in place, in directories
// that are there and in those that are made, with mode and owner to be set;
// some want what his file outside holds, so that mode and owner are all.
func hostileConfig(top string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir: %s/state\njobs:\n", top)
	for i := range hostileJobs {
		dest := fmt.Sprintf("%s/theirs/sub%d/%s", top, i/2, []string{"victim", "deep/victim"}[i%2])
		content := []string{`{{ secret "gen" }}`, hostileCanary}[i/2%2]
		fmt.Fprintf(&b, "  - {name: job%d, content: '%s', dest: %s, mode: \"0666\", owner: \"5\", group: \"5\", create_dirs: true, in_place: %v}\n", i, content, dest, i%3 == 1)
	}
	return b.String()
}

func TestNoEffectOutsideAHostileDirectory(t *testing.T) {
	t.Parallel()
	fsystest.NeedRoot(t)
	swaps, _ := strconv.Atoi(os.Getenv("HOSTILE_SWAPS"))
	if swaps == 0 {
		swaps = 500
	}
	top := hostileGround(t)
	before := fingerprint(t, top)

	var swapped bytes.Buffer
	user := exec.CommandContext(t.Context(), "credrender-hostile")
	user.Env = append(os.Environ(), hostileDirEnv+"="+top+"/theirs", "HOSTILE_SWAPS="+strconv.Itoa(swaps))
	user.Stdout, user.Stderr = &swapped, os.Stderr
	if err := user.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- user.Wait() }()
	renders, installed, refused := 0, 0, 0
	for running := true; running; renders++ {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		out, code := hostileRender(t, top, renders)
		if code == 0 && strings.Contains(out, "error:") || code < 0 || code == exitUsage && !strings.Contains(out, ", not a file") && !strings.Contains(out, "is the same file as") {
			t.Fatalf("exit %d\n%s", code, out)
		}
		installed += strings.Count(out, ": created ") + strings.Count(out, ": updated ")
		refused += strings.Count(out, "error: ")
	}
	if diff := cmp.Diff(before, fingerprint(t, top)); diff != "" {
		t.Errorf("outside (-before +after):\n%s", diff)
	}
	if got := strings.TrimSpace(swapped.String()); got != strconv.Itoa(swaps) || installed == 0 || refused == 0 {
		t.Errorf("%s swaps, %d files installed, %d refused: the two never met", got, installed, refused)
	}
	hostileAftermath(t, top, renders)
	if t.Failed() {
		return
	}
	fmt.Printf("hostile: %d swaps by another user during %d renders (%d files installed, %d refused): nothing outside changed\n", swaps, renders, installed, refused)
}

// hostileGround makes his directory, and beside it what must not change.
func hostileGround(t *testing.T) string {
	t.Helper()
	top, err := os.MkdirTemp("", "credrender-hostile-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	err = errors.Join(
		os.Chmod(top, 0o755),
		os.Mkdir(top+"/theirs", 0o755), os.Chown(top+"/theirs", fsystest.Nobody, fsystest.Nobody),
		os.Mkdir(top+"/outside", 0o755), os.Mkdir(top+"/outside/deep", 0o755),
		os.WriteFile(top+"/outside/roots", []byte(hostileCanary), 0o600),
		os.WriteFile(top+"/outside/deep/victim", []byte(hostileCanary), 0o644),
		// His own, so that he may link to it: to change it is an effect all the same.
		os.WriteFile(top+"/outside/victim", []byte(hostileCanary), 0o444),
		os.Chown(top+"/outside/victim", fsystest.Nobody, fsystest.Nobody),
		os.WriteFile(top+"/credrender.yaml", []byte(hostileConfig(top)), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func hostileRender(t *testing.T, top string, gen int) (out string, code int) {
	t.Helper()
	fixtures := filepath.Join(t.TempDir(), "fixtures.yaml")
	if err := os.WriteFile(fixtures, fmt.Appendf(nil, "secret: {gen: \"%d\"}\n", gen), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "credrender", "-c", top+"/credrender.yaml", "render", "--fixtures", fixtures)
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+top+"/state/run", "AWS_EC2_METADATA_DISABLED=true")
	text, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(text), exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return string(text), 0
}

// hostileAftermath clears his directory: the next render has nothing to say.
func hostileAftermath(t *testing.T, top string, gen int) {
	t.Helper()
	entries, err := os.ReadDir(top + "/theirs")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(top, "theirs", e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if out, code := hostileRender(t, top, gen); code != 0 {
		t.Errorf("once he is gone: exit %d\n%s", code, out)
	}
}

// fingerprint is all that there is outside his directory and ours: content,
// mode, owner and times. Where he has made a link of his own, the time of
// change is his doing.
func fingerprint(t *testing.T, top string) map[string]string {
	t.Helper()
	prints := map[string]string{}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, top)
		if slices.Contains([]string{"/theirs", "/state"}, name) {
			return filepath.SkipDir
		}
		var st syscall.Stat_t
		if err := syscall.Lstat(path, &st); err != nil {
			return err
		}
		print := fmt.Sprintf("mode %o owner %d:%d inode %d modified %v", st.Mode, st.Uid, st.Gid, st.Ino, st.Mtim)
		if st.Uid != fsystest.Nobody {
			print += fmt.Sprintf(" changed %v", st.Ctim)
		}
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			print += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
		if name != "" { // the state directory is made in it
			prints[name] = print
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return prints
}
