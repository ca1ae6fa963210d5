package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

// The crash harness renders three jobs of three files, each with check, verify
// and hook, and with one more file that each generation makes under another name and
// prunes under the last, is killed with SIGKILL, and renders again. CRASH_KILLS says how
// often (make crash: 2000); CRASH_DIR where. The default is a file system in memory,
// where it is several times faster: a kill leaves the page cache alone.

const (
	crashStepEnv = "CRASH_STEP" // LABEL or LABEL:N, the Nth time it is passed
	crashJobs    = 3
	crashFiles   = 3
	// perLabel is how often each labelled step is hit in a run of 2000.
	perLabel = 20
)

// Steps that no file system sees: a command of the job kills its parent.
var crashCommands = []string{"in check", "in verify", "in hook"}

// crashMain is the command, with a file system that ends it at a step.
func crashMain() {
	label, nth, _ := strings.Cut(os.Getenv(crashStepEnv), ":")
	left, _ := strconv.Atoi(nth)
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.fs = &fsystest.Hook{FS: fsys.OS{}, AtStep: func(l string) {
		if l != label {
			return
		}
		if left--; left <= 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
	}}
	os.Exit(a.main(context.Background(), os.Args[1:]))
}

// crash is a machine that renders and is killed.
type crash struct {
	t        *testing.T
	dir      string
	gen      int  // what the fixtures say
	bad      bool // the generation is one that verify refuses
	duration time.Duration
	hits     map[string]int
	kills    int // all of them
	random   int // at random moments
	again    int // in a run that was to recover from another kill

	torn, mixed, lost, stray int
}

func newCrash(t *testing.T) *crash {
	dir := os.Getenv("CRASH_DIR")
	if dir == "" {
		dir = fsystest.MemoryDir(t)
	} else {
		var err error
		if dir, err = os.MkdirTemp(dir, "credrender-crash-"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
	}
	c := &crash{t: t, dir: dir, hits: map[string]int{}}
	for i := range crashJobs {
		c.must(os.MkdirAll(filepath.Join(dir, fmt.Sprintf("etc%d", i)), 0o755))
	}
	c.write("credrender.yaml", c.config())
	return c
}

// config has three jobs. One file of each lies in a directory of its own that
// is made when it is missing; the commands kill their parent where a file
// asks them to.
func (c *crash) config() string {
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir: %s/state\njobs:\n", c.dir)
	suicide := func(where string) string {
		return fmt.Sprintf("if rm %q 2>/dev/null; then kill -9 $PPID; sleep 1; fi; ", filepath.Join(c.dir, where))
	}
	for j := range crashJobs {
		fmt.Fprintf(&b, "  - name: job%d\n    files:\n", j)
		for f := range crashFiles {
			fmt.Fprintf(&b, "      - {content: \"{{ secret \\\"gen\\\" }}\\n{{ repeat 2000 (secret \\\"gen\\\") }}\\nend\\n\", dest: %s, create_dirs: true, check: '%s test -s {{.src}}'}\n", c.dest(j, f), suicide("in check"))
		}
		fmt.Fprintf(&b, "      - {for_each: extra.*, content: \"{{ secret \\\"gen\\\" }}\\n{{ repeat 2000 (secret \\\"gen\\\") }}\\nend\\n\", dest: '%s/{{ .Key }}'}\n", c.extraDir(j))
		fmt.Fprintf(&b, "    prune: true\n    prune_limit: 100%%\n")
		fmt.Fprintf(&b, "    verify: '%s ! head -qn1 %s | grep -q bad'\n", suicide("in verify"), c.dest(j, 0))
		fmt.Fprintf(&b, "    hook: 'head -n1 %s >> %s; %s'\n", c.dest(j, 0), c.log(j), suicide("in hook"))
	}
	return b.String()
}

func (c *crash) dest(j, f int) string {
	if f == 2 {
		return filepath.Join(c.dir, fmt.Sprintf("etc%d", j), "made", "file2")
	}
	return filepath.Join(c.dir, fmt.Sprintf("etc%d", (j+f)%crashJobs), fmt.Sprintf("job%d.file%d", j, f))
}

// extraDir is where a job has the file that is called otherwise in each generation.
func (c *crash) extraDir(j int) string { return filepath.Join(c.dir, fmt.Sprintf("etc%d", j)) }

// extras returns those files.
func (c *crash) extras(j int) []string {
	found, err := filepath.Glob(c.extraDir(j) + "/extra.*")
	c.must(err)
	return found
}

func (c *crash) log(j int) string { return filepath.Join(c.dir, fmt.Sprintf("hook%d.log", j)) }

func (c *crash) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *crash) write(name, text string) {
	c.must(os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600))
}

// next makes a new generation, which every fourth time verify refuses.
func (c *crash) next() {
	c.gen++
	c.bad = rand.IntN(4) == 0
	c.write("fixtures.yaml", fmt.Sprintf("secret: {gen: %q, extra.%d: x}\n", c.text(), c.gen%3))
	if rand.IntN(3) == 0 { // and the directory is gone, so that files were absent before
		c.must(os.RemoveAll(filepath.Dir(c.dest(rand.IntN(crashJobs), 2))))
	}
}

func (c *crash) text() string {
	if c.bad {
		return fmt.Sprintf("%d bad", c.gen)
	}
	return strconv.Itoa(c.gen)
}

// render runs the command, and reports whether it was killed. A random kill
// comes after a delay; step is for the others.
func (c *crash) render(step string, after time.Duration) (killed bool) {
	cmd := exec.Command("credrender-crash", "-c", filepath.Join(c.dir, "credrender.yaml"),
		"render", "--fixtures", filepath.Join(c.dir, "fixtures.yaml"), "--force")
	cmd.Env = append(os.Environ(), crashStepEnv+"="+step, "RUNTIME_DIRECTORY="+filepath.Join(c.dir, "run"), "AWS_EC2_METADATA_DISABLED=true")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	c.must(cmd.Start())
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if failed && exit.ExitCode() == -1 {
		c.kills++
		return true
	}
	if failed && exit.ExitCode() != exitRefused {
		c.t.Fatalf("render: %v\n%s", err, out.String())
	}
	return false
}

// round is a kill, or two on end, and what comes after.
func (c *crash) round(label string) {
	c.next()
	start := time.Now()
	switch {
	case label == "":
		c.anyTime()
	case slices.Contains(crashCommands, label):
		c.write(label, "")
		if c.render("", 0) {
			c.hits[label]++
		}
		_ = os.Remove(filepath.Join(c.dir, label))
	case strings.HasPrefix(label, "recover.") || strings.HasPrefix(label, "undo."):
		if c.render(firstCrash(label), 0) && c.render(label, 0) {
			c.hits[label]++
			c.again++
		}
	default:
		if c.render(label+":"+strconv.Itoa(1+rand.IntN(crashJobs)), 0) {
			c.hits[label]++
		}
	}
	c.whole()
	begun := time.Now()
	if c.render("", 0) {
		c.t.Fatal("killed, and nobody did it")
	}
	if label == "" || c.duration == 0 {
		c.duration = max(time.Since(begun), time.Since(start)/2)
	}
	c.settled()
}

// anyTime kills at a random moment, and every fourth time the next run too.
func (c *crash) anyTime() {
	moment := func() time.Duration { return time.Duration(rand.Int64N(int64(c.duration) + 1)) }
	if !c.render("", moment()) {
		return
	}
	c.random++
	if rand.IntN(4) == 0 && c.render("", moment()) {
		c.random++
		c.again++
	}
}

// firstCrash is where a run is killed so that the next one comes to label.
func firstCrash(label string) string {
	steps := []string{"prepare.staged", "commit.kept", "commit.journaled", "commit.installed", "done.journaled", "done.removed"}
	step := steps[rand.IntN(len(steps))]
	if label == "undo.restored" {
		step = "commit.installed"
	}
	return step + ":" + strconv.Itoa(1+rand.IntN(crashJobs*crashFiles))
}

// whole counts files that are neither old nor new.
func (c *crash) whole() {
	for j := range crashJobs {
		for f := range crashFiles {
			if _, ok := c.read(c.dest(j, f)); !ok {
				c.torn++
				c.t.Errorf("generation %d: %s is torn", c.gen, c.dest(j, f))
			}
		}
		for _, path := range c.extras(j) {
			if _, ok := c.read(path); !ok {
				c.torn++
				c.t.Errorf("generation %d: %s is torn", c.gen, path)
			}
		}
	}
}

// read returns the generation of a file; absent counts as whole.
func (c *crash) read(path string) (gen string, ok bool) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", true
	}
	c.must(err)
	gen, rest, _ := strings.Cut(string(text), "\n")
	return gen, rest == strings.Repeat(gen, 2000)+"\nend\n"
}

// settled checks what the next run has to leave: one generation per job, told
// to its hook, and nothing else.
func (c *crash) settled() {
	c.whole()
	for j := range crashJobs {
		gens := map[string]bool{}
		for f := range crashFiles {
			gen, _ := c.read(c.dest(j, f))
			gens[gen] = true
		}
		extras := c.extras(j)
		for _, path := range extras {
			gen, _ := c.read(path)
			gens[gen] = true
		}
		gen, _ := c.read(c.dest(j, 0))
		if gen != "" && len(extras) != 1 {
			c.mixed++
			c.t.Errorf("generation %s: job%d has %v", c.text(), j, extras)
		}
		// A refused generation leaves what was there, which may lack the files
		// whose directory was taken away.
		delete(gens, "")
		if len(gens) > 1 || !c.bad && gen != c.text() {
			c.mixed++
			c.t.Errorf("generation %s: job%d has %v", c.text(), j, slices.Sorted(maps.Keys(gens)))
		}
		if told := c.update(j); told != gen {
			c.lost++
			c.t.Errorf("generation %s: job%d is at %q, its hook heard of %q", c.text(), j, gen, told)
		}
	}
	c.strays()
}

// told is the generation that a job's hook heard of last.
func (c *crash) update(j int) string {
	text, err := os.ReadFile(c.log(j))
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	c.must(err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

func (c *crash) strays() {
	known := map[string]bool{}
	for j := range crashJobs {
		for f := range crashFiles {
			known[c.dest(j, f)] = true
		}
		for _, path := range c.extras(j) {
			known[path] = true
		}
	}
	for j := range crashJobs {
		c.must(filepath.WalkDir(filepath.Join(c.dir, fmt.Sprintf("etc%d", j)), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !known[path] {
				c.stray++
				c.t.Errorf("generation %d: stray file %s", c.gen, path)
			}
			return err
		}))
	}
}

func TestCrash(t *testing.T) {
	t.Parallel()
	kills, _ := strconv.Atoi(os.Getenv("CRASH_KILLS"))
	if kills == 0 {
		kills = 50
	}
	c := newCrash(t)
	c.next()
	begun := time.Now()
	c.render("", 0)
	c.duration = time.Since(begun)
	labels := slices.Concat(txn.Steps(), state.Steps(), crashCommands)
	for _, label := range labels {
		want := max(1, perLabel*kills/2000)
		for tries := 0; c.hits[label] < want; tries++ {
			if tries > 200*want { // some steps are passed by one run in nine
				t.Fatalf("step %s is hardly ever passed: %d of %d", label, c.hits[label], want)
			}
			c.round(label)
		}
	}
	for c.kills < kills && !t.Failed() {
		c.round("")
	}
	fmt.Printf("crash: %d kills (%d at random moments, %d of a run that was to recover from another, each of %d steps at least %d times): %d torn files, %d mixed sets, %d lost hooks, %d stray files\n",
		c.kills, c.random, c.again, len(labels), slices.Min(slices.Collect(maps.Values(c.hits))), c.torn, c.mixed, c.lost, c.stray)
}
