package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// process is what is said of the program itself, without a distance.
type process struct {
	StartMS    float64 `json:"start_ms"`     // `version`, from start to end
	StartCPU   float64 `json:"start_cpu_ms"` // its user and system time
	PeakMiB    float64 `json:"peak_mib"`     // 50 secrets of 100 KiB, rendered
	BinarySize int64   `json:"binary_bytes"`
}

// Of the measurement of peak memory.
const (
	bigRefs = 50
	bigSize = 100 << 10
)

func (p *plan) process(ctx context.Context, dir string) (process, error) {
	var m process
	info, err := os.Stat(p.bin)
	if err != nil {
		return m, err
	}
	m.BinarySize = info.Size()
	var starts samples
	var peaks []float64
	for range 21 {
		if err := starts.take(func() error { return runIn(ctx, nil, p.bin, "version") }); err != nil {
			return m, err
		}
	}
	m.StartMS, m.StartCPU = median(starts.wall), median(starts.cpu)
	f, err := start(ctx, dir, wire{TLS: true, Size: bigSize})
	if err != nil {
		return m, err
	}
	defer f.stop()
	for range 5 {
		peak, err := p.peak(ctx, f, bigRefs, bigSize)
		if err != nil {
			return m, err
		}
		peaks = append(peaks, peak)
	}
	m.PeakMiB = median(peaks)
	return m, nil
}

// peak returns the most memory that a render had, in MiB.
func (p *plan) peak(ctx context.Context, f *far, refs, size int) (float64, error) {
	render, err := p.render(ctx, f, refs, size)
	if err != nil {
		return 0, err
	}
	if err := render(); err != nil { // the file and its check
		return 0, err
	}
	src, dest := f.dir+"/in.tmpl", f.dir+"/out"
	if err := os.Remove(dest); err != nil {
		return 0, err
	}
	used, err := spawned(ctx, p.spawn, command{env: f.env(), args: []string{p.bin, "--state-dir", f.dir + "/state", "render", src + ":" + dest}})
	return used.mib, err
}

// machine is where a run took place.
type machine struct {
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	Kernel    string `json:"kernel"`
	Go        string `json:"go"`
	Load      string `json:"load_before"`
	LoadAfter string `json:"load_after"`
}

func thisMachine() machine {
	return machine{CPU: cpuModel(), Cores: runtime.NumCPU(), Kernel: firstWord("/proc/sys/kernel/osrelease"), Go: runtime.Version(), Load: loadAverage()}
}

// description is the machine in one line.
func description() string {
	m := thisMachine()
	return fmt.Sprintf("%s, %d cores, Linux %s, %s", m.CPU, m.Cores, m.Kernel, m.Go)
}

func loadAverage() string { return firstWord("/proc/loadavg") }

func firstWord(path string) string {
	data, err := os.ReadFile(path)
	if fields := strings.Fields(string(data)); err == nil && len(fields) > 0 {
		return fields[0]
	}
	return "unknown"
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
