package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/credrender/credrender/test/bench/race"
)

// checkedTimes is how often the daemon has looked at its jobs when its memory is read.
const checkedTimes = 4

// daemon starts one with four jobs and a check every second, and reads its memory.
func (p *scalePlan) daemon(ctx context.Context, certs string) (race.Resident, error) {
	const jobs = 4
	f, err := start(ctx, certs, raceWire(race.Reference(), 100, jobs))
	if err != nil {
		return race.Resident{}, err
	}
	defer f.stop()
	dir, err := os.MkdirTemp(certs, "daemon")
	if err != nil {
		return race.Resident{}, err
	}
	defer os.RemoveAll(dir)
	config := filepath.Join(dir, "config.yaml")
	var b strings.Builder
	b.WriteString("schedule: '@every 1s'\njobs:\n")
	for i := range jobs {
		fmt.Fprintf(&b, "  - name: job%d\n    files: [{secret: n%d, dest: %q}]\n", i, i, filepath.Join(dir, fmt.Sprintf("out%d", i)))
	}
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return race.Resident{}, err
	}
	cmd := exec.CommandContext(ctx, p.bin, "--state-dir", filepath.Join(dir, "state"), "--config", config, "daemon")
	cmd.Env = append(f.env(), "HOME="+dir)
	if err := cmd.Start(); err != nil {
		return race.Resident{}, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	// The renders of four jobs take two requests for each, and a check one.
	if err := f.await(ctx, jobs*(2+checkedTimes)); err != nil {
		return race.Resident{}, err
	}
	return resident(cmd.Process.Pid)
}

// await returns when a fake has had that many requests.
func (f *far) await(ctx context.Context, requests int) error {
	deadline := time.Now().Add(time.Minute)
	for had := 0; had < requests; {
		n, err := f.count()
		if err != nil {
			return err
		}
		had += n.requests
		if err := ctx.Err(); err != nil || time.Now().After(deadline) {
			return fmt.Errorf("%d of %d requests came: %w", had, requests, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// resident reads the memory of a process.
func resident(pid int) (r race.Resident, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return r, err
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "RssAnon: %f kB", &kib); err == nil {
			r.OwnMiB = kib / 1024
		}
		if _, err := fmt.Sscanf(line, "RssFile: %f kB", &kib); err == nil {
			r.FileMiB = kib / 1024
		}
	}
	return r, nil
}
