//go:build interop

package interop

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// soakTime returns how long the soak with outages lasts. Zero stands for the
// short form: one round of outages and few rotations.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SOAK")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("SOAK=%s is no duration like 15m: %v", text, err)
	}
	return d
}

// soakDaemon is a running daemon with its log and samples of its size.
type soakDaemon struct {
	cmd *exec.Cmd
	log soakLog

	mu   sync.Mutex
	size []soakSize // one for each sample
	done chan struct{}
}

// soakSize is what a process occupies.
type soakSize struct{ files, kib int }

// startSoakDaemon runs the daemon until the test ends.
func startSoakDaemon(t *testing.T, c command) *soakDaemon {
	t.Helper()
	d := &soakDaemon{done: make(chan struct{})}
	d.cmd = exec.CommandContext(t.Context(), c.path, append(c.args[:len(c.args):len(c.args)], "daemon")...)
	d.cmd.Env, d.cmd.Dir, d.cmd.Stderr = c.env, t.TempDir(), &d.log
	d.cmd.Cancel = func() error { return d.cmd.Process.Signal(syscall.SIGTERM) }
	d.cmd.WaitDelay = time.Minute
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var sampling sync.WaitGroup
	sampling.Go(d.sample)
	t.Cleanup(func() {
		close(d.done)
		sampling.Wait()
		_ = d.cmd.Wait() // the context has ended
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.log.since(0))
		}
	})
	return d
}

// sample records the daemon's size several times a second.
func (d *soakDaemon) sample() {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-d.done:
			return
		case <-tick.C:
		}
		if s := sizeOf(d.cmd.Process.Pid); s.kib > 0 {
			d.mu.Lock()
			d.size = append(d.size, s)
			d.mu.Unlock()
		}
	}
}

var residentSize = regexp.MustCompile(`(?m)^VmRSS:\s*(\d+) kB$`)

func sizeOf(pid int) (s soakSize) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	files, err2 := os.ReadDir(filepath.Join(proc, "fd"))
	if m := residentSize.FindSubmatch(status); err == nil && err2 == nil && m != nil {
		s.kib, _ = strconv.Atoi(string(m[1]))
		s.files = len(files)
	}
	return s
}

// sizes returns the medians of the first and the last twentieth, and the peaks.
func (d *soakDaemon) sizes() (start, peak, end soakSize) {
	d.mu.Lock()
	defer d.mu.Unlock()
	part := max(1, len(d.size)/20)
	middle := func(s []soakSize) soakSize {
		return soakSize{
			files: median(s, func(s soakSize) int { return s.files }),
			kib:   median(s, func(s soakSize) int { return s.kib }),
		}
	}
	for _, s := range d.size {
		peak.files, peak.kib = max(peak.files, s.files), max(peak.kib, s.kib)
	}
	return middle(d.size[:part]), peak, middle(d.size[len(d.size)-part:])
}

// expectFlat fails where the daemon has grown. Idle connections come and go; a
// leak of one descriptor for each outage of a long soak is more than this.
func (d *soakDaemon) expectFlat(t *testing.T) {
	t.Helper()
	start, _, end := d.sizes()
	if end.files > start.files+20 {
		t.Errorf("the daemon has %d files open, and had %d at the start", end.files, start.files)
	}
	if end.kib > start.kib+start.kib/2 {
		t.Errorf("the daemon holds %d KiB, and held %d at the start", end.kib, start.kib)
	}
}

func median[S any, N cmp.Ordered](s []S, by func(S) N) N {
	var zero N
	if len(s) == 0 {
		return zero
	}
	n := make([]N, len(s))
	for i := range s {
		n[i] = by(s[i])
	}
	slices.Sort(n)
	return n[len(n)/2]
}

// soakLog keeps the log of the daemon and its children.
type soakLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *soakLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *soakLog) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}

func (l *soakLog) since(offset int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text.Bytes()[offset:])
}

// soakTable prints rows as a table of Markdown.
func soakTable(head string, rows [][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", head, regexp.MustCompile(`[^|]+`).ReplaceAllString(head, "---"))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	return b.String()
}
