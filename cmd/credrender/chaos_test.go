package main

import (
	"bytes"
	"cmp"
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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/credrender/credrender/test/hop"
)

// The fault campaign: renders whose network, name server, clock, credentials and disk
// fail at random. Each run ends with exactly the right files, or with the old ones and an
// error that names the cause, and shows no value. CHAOS_FAULTS says how many faults
// (make chaos: 10,000). Every run follows from its seed, which a failure prints:
// CHAOS_SEED=N repeats that run alone.
func TestChaos(t *testing.T) {
	t.Parallel()
	c := &chaosCampaign{t: t, goal: 250, kinds: map[string]int{}}
	if n, err := strconv.Atoi(os.Getenv("CHAOS_FAULTS")); err == nil {
		c.goal = n
	}
	c.seed = rand.Uint64N(1 << 40)
	workers := 16
	if n, err := strconv.ParseUint(os.Getenv("CHAOS_SEED"), 10, 64); err == nil {
		c.seed, c.single, workers = n, true, 1
	}
	fmt.Printf("chaos: seed %d, %d faults\n", c.seed, c.goal)
	var running sync.WaitGroup
	for range workers {
		w := newChaosWorld(t)
		running.Go(func() { c.work(w) })
	}
	running.Wait()
	c.report()
}

// chaosCampaign counts over all machines.
type chaosCampaign struct {
	t      *testing.T
	goal   int
	seed   uint64
	single bool
	next   atomic.Uint64

	mu                           sync.Mutex
	kinds                        map[string]int
	runs, right, old, killed     int
	faults                       int
	wrong, hangs, leaks, unclear int
	slowest                      time.Duration
}

func (c *chaosCampaign) work(w *chaosWorld) {
	w.rotate()
	if problem := w.clean("the first"); problem != "" {
		c.t.Error(problem)
		return
	}
	for !c.over() {
		seed := c.seed + c.next.Add(1) - 1
		r := newChaosRun(w, seed)
		r.run()
		c.count(r)
		if c.single {
			fmt.Printf("chaos: seed %d: %s\n%s", seed, r, r.output)
			return
		}
	}
}

// over also ends a campaign that has found enough.
func (c *chaosCampaign) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults >= c.goal || c.wrong+c.hangs+c.leaks+c.unclear >= 3
}

func (c *chaosCampaign) count(r *chaosRun) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs++
	c.slowest = max(c.slowest, r.took)
	switch {
	case r.killed:
		c.killed++
	case r.code == exitOK:
		c.right++
	default:
		c.old++
	}
	for _, f := range r.faults() {
		c.faults++
		c.kinds[f.Name]++
	}
	for kind, n := range map[*int]bool{&c.wrong: r.wrong != "", &c.hangs: r.hang, &c.leaks: r.leak != "", &c.unclear: r.unclear != ""} {
		if n {
			*kind++
		}
	}
	if r.took > 10*time.Second {
		fmt.Printf("chaos: slow: CHAOS_SEED=%d: %s\n%s", r.seed, r, brief(r.output))
	}
	if problem := r.problem(); problem != "" {
		c.t.Errorf("%s\nCHAOS_SEED=%d repeats it: %s\n%s", problem, r.seed, r, brief(r.output))
	}
}

// brief is the first part of an output.
func brief(text string) string { return text[:min(len(text), 1500)] }

func (c *chaosCampaign) report() {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		fmt.Fprintf(&b, "%7d  %s\n", c.kinds[kind], kind)
	}
	fmt.Printf("%schaos: seed %d: %d faults of %d kinds in %d runs: %d with the right files, %d with the old ones and a cause, %d killed and recovered; %d wrong files, %d hangs, %d leaks, %d unclear errors; the longest run %v\n",
		&b, c.seed, c.faults, len(c.kinds), c.runs, c.right, c.old, c.killed, c.wrong, c.hangs, c.leaks, c.unclear, c.slowest.Round(time.Millisecond))
	if c.single {
		return
	}
	if c.faults < c.goal && !c.t.Failed() {
		c.t.Errorf("%d faults, want %d", c.faults, c.goal)
	}
	if c.right == 0 || c.old == 0 || c.killed == 0 {
		c.t.Error("a campaign without one of the outcomes shows nothing")
	}
}

// chaosRun is one render and what goes wrong in it.
type chaosRun struct {
	w    *chaosWorld
	seed uint64

	scenario, identity, disk string
	secure, force, unchanged bool
	attempts                 int
	timeout                  time.Duration
	rate                     float64 // of faulty requests

	mu     sync.Mutex
	met    []*hop.Fault
	again  bool // a request was disturbed twice
	output string
	code   int
	took   time.Duration

	killed, hang         bool
	wrong, leak, unclear string
}

// chaosSilence is how long a run waits that may meet silence, chaosPatience one that
// does not, and chaosHang how much longer no run takes on however busy a machine.
const (
	chaosSilence  = time.Second
	chaosPatience = 30 * time.Second
	chaosHang     = 20 * time.Second
)

func (r *chaosRun) String() string {
	var names []string
	for _, f := range r.faults() {
		names = append(names, fmt.Sprintf("%s (%s %s %s, attempt %d)", f.Name, f.Request.Service, f.Request.Operation, f.Request.Subject, f.Request.Attempt))
	}
	return fmt.Sprintf("%s as %s, TLS %t, force %t, unchanged %t, %d attempts, timeout %v, disk %q; exit %d after %v; faults: %s",
		r.scenario, r.identity, r.secure, r.force, r.unchanged, r.attempts, r.timeout, r.disk, r.code, r.took.Round(time.Millisecond), strings.Join(names, ", "))
}

// newChaosRun derives everything from the seed.
func newChaosRun(w *chaosWorld, seed uint64) *chaosRun {
	rnd := rand.New(rand.NewPCG(seed, 0))
	r := &chaosRun{w: w, seed: seed, attempts: []int{1, 3, 3}[rnd.IntN(3)], secure: rnd.IntN(2) == 0, force: rnd.IntN(4) > 0, timeout: chaosPatience}
	r.scenario = pick(rnd, map[string]int{"network": 60, "silence": 8, "credentials": 8, "clock": 6, "names": 6, "disk": 12, "kill": 8})
	r.identity = pick(rnd, map[string]int{"static": 6, "container": 2, "instance": 2, "role": 2})
	r.rate = []float64{0.1, 0.2, 0.5}[rnd.IntN(3)]
	r.unchanged = rnd.IntN(8) == 0
	switch r.scenario {
	case "silence":
		r.timeout = chaosSilence
	case "credentials":
		r.identity, r.rate = []string{"container", "role", "instance"}[rnd.IntN(3)], 0.1
	case "clock", "names":
		r.rate, r.secure = 0.05, true
	case "disk":
		kinds := []string{diskFull, diskReadOnly, diskBroken, diskSlow}
		r.disk, r.rate = fmt.Sprint(kinds[rnd.IntN(len(kinds))], " ", 1+rnd.IntN(max(1, w.ops))), 0.05
	case "kill":
		r.disk, r.rate = fmt.Sprint(diskKill, " ", 1+rnd.IntN(max(1, w.ops))), 0.05
	}
	return r
}

func pick(rnd *rand.Rand, weights map[string]int) string {
	sum := 0
	for _, n := range weights {
		sum += n
	}
	n := rnd.IntN(sum)
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if n -= weights[name]; n < 0 {
			return name
		}
	}
	return ""
}

// plan decides about a request by the seed and what the request is, so that a run is
// disturbed alike whatever the order of its requests.
func (r *chaosRun) plan(req hop.Request) *hop.Fault {
	h := uint64(14695981039346656037)
	for _, b := range fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", req.Service, req.Operation, req.Subject, req.Attempt) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	rnd := rand.New(rand.NewPCG(r.seed, h))
	if rnd.Float64() >= r.rate || req.Attempt > 1 && rnd.IntN(3) > 0 {
		return nil
	}
	f := hop.Draw(rnd, req)
	if strings.Contains(f.Name, "silence") && r.scenario != "silence" {
		return nil
	}
	r.meet(f, req.Attempt > 1)
	return f
}

func (r *chaosRun) meet(f *hop.Fault, again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.met = append(r.met, f)
	r.again = r.again || again
}

// faults returns the faults so far. A connection that outlives the run may meet more.
func (r *chaosRun) faults() []*hop.Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.met)
}

// run renders once, and checks.
func (r *chaosRun) run() {
	w := r.w
	if !r.unchanged {
		w.rotate()
		if !r.force {
			time.Sleep(1100 * time.Millisecond) // younger versions a change check may miss
		}
	}
	end := r.begin()
	args := []string{"-c", filepath.Join(w.dir, "credrender.yaml"), "render", "--timeout", r.timeout.String()}
	if r.force && !r.unchanged {
		args = append(args, "--force")
	}
	r.execute(args)
	end()
	r.check()
}

func (r *chaosRun) execute(args []string) {
	ctx, cancel := context.WithTimeout(r.w.t.Context(), r.timeout+chaosHang)
	defer cancel()
	_ = os.Remove(filepath.Join(r.w.dir, "ops"))
	cmd := exec.CommandContext(ctx, "credrender-chaos", args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = r.w.dir, r.w.env(r), time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	r.took, r.output, r.hang = time.Since(began), out.String(), ctx.Err() != nil || errors.Is(err, exec.ErrWaitDelay)
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok && !r.hang {
		r.w.t.Errorf("%v: %v", args, err)
	} else if ok {
		r.code = exit.ExitCode()
		r.killed = r.code == -1 && !r.hang
	}
}

// clean renders where nothing fails: that has to end well.
func (w *chaosWorld) clean(after string) string {
	r := &chaosRun{w: w, attempts: 1, timeout: chaosPatience, identity: "static"}
	for _, h := range w.hops[false] {
		h.Begin(nil)
	}
	r.execute([]string{"-c", filepath.Join(w.dir, "credrender.yaml"), "render", "--force"})
	if w.ops == 0 {
		data, err := os.ReadFile(filepath.Join(w.dir, "ops"))
		w.must(err)
		w.ops, _ = strconv.Atoi(string(data))
	}
	if r.code != exitOK || r.hang {
		return fmt.Sprintf("the next run without a fault, %s, ends with %d:\n%s", after, r.code, r.output)
	}
	return cmp.Or(w.compare(true), w.strays())
}

// recovered restores what a kill left, as at boot, and without AWS: each job has all of
// its old files or all of its new ones.
func (w *chaosWorld) recovered() string {
	r := &chaosRun{w: w, attempts: 1, timeout: chaosPatience, identity: "static"}
	r.execute([]string{"-c", filepath.Join(w.dir, "credrender.yaml"), "recover"})
	if r.code != exitOK || r.hang {
		return fmt.Sprintf("recover ends with %d:\n%s", r.code, r.output)
	}
	return cmp.Or(w.compare(false), w.strays())
}
