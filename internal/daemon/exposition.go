package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metric is one family of the text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
type metric struct {
	name, kind, help string
	samples          []sample
}

type sample struct {
	suffix string   // of the name, in a histogram
	labels []string // name, value, name, value
	value  float64
}

func gauge(name, help string, samples ...sample) metric {
	return metric{name, "gauge", help, samples}
}

func counter(name, help string) metric { return metric{name: name, kind: "counter", help: help} }

func one(labels ...string) sample { return sample{labels: labels, value: 1} }

func flag(b bool) sample {
	if b {
		return sample{value: 1}
	}
	return sample{}
}

func seconds(t time.Time) sample {
	if t.IsZero() {
		return sample{}
	}
	return sample{value: float64(t.UnixMilli()) / 1000}
}

func (m *metric) add(value float64, labels ...string) {
	m.samples = append(m.samples, sample{labels: labels, value: value})
}

// addTime leaves out what has not happened.
func (m *metric) addTime(t time.Time, labels ...string) {
	if !t.IsZero() {
		m.add(seconds(t).value, labels...)
	}
}

// write writes a family, in a stable order.
func (m *metric) write(b *strings.Builder) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
	lines := make([]string, 0, len(m.samples))
	for _, s := range m.samples {
		var labels []string
		for i := 0; i+1 < len(s.labels); i += 2 {
			labels = append(labels, s.labels[i]+`="`+escape(s.labels[i+1])+`"`)
		}
		line := m.name + s.suffix
		if len(labels) > 0 {
			line += "{" + strings.Join(labels, ",") + "}"
		}
		lines = append(lines, line+" "+strconv.FormatFloat(s.value, 'f', -1, 64)+"\n")
	}
	if m.kind != "histogram" { // whose buckets have an order of their own
		slices.SortFunc(lines, cmp.Compare[string])
	}
	b.WriteString(strings.Join(lines, ""))
}

// escape writes a label's value as the format wants it.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

// buckets are the upper bounds of durations, in seconds: from a run against a
// store that is near to the longest timeouts.
func buckets() []float64 { return []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300} }

// histogram counts durations.
type histogram struct {
	counts [13]int // by bucket; the last is beyond all
	sum    float64
}

func (h *histogram) observe(took time.Duration) {
	i, _ := slices.BinarySearch(buckets(), took.Seconds())
	h.counts[i]++
	h.sum += took.Seconds()
}

// addHistogram adds the samples of h to its family.
func (m *metric) addHistogram(h histogram, labels ...string) {
	total := 0
	for i, n := range h.counts {
		total += n
		bound := "+Inf"
		if i < len(buckets()) {
			bound = strconv.FormatFloat(buckets()[i], 'f', -1, 64)
		}
		m.samples = append(m.samples, sample{"_bucket", append(slices.Clip(labels), "le", bound), float64(total)})
	}
	m.samples = append(m.samples, sample{"_sum", labels, h.sum}, sample{"_count", labels, float64(total)})
}

// refreshEvery is how often the textfile is written while no job is due, so that
// its heartbeat distinguishes a live daemon from a dead one.
const refreshEvery = time.Minute

// WriteTextfile writes the metrics of a render without a daemon to path: those that come
// from the config and the state.
func WriteTextfile(path string, c *Config, version, goVersion string) error {
	return replaceFile(path, func(w io.Writer) error {
		st := c.stored()
		return write(w, slices.Concat(common(c, st, version, goVersion), jobMetrics(c.Jobs, st, nil), c.holdMetrics()))
	})
}

// refreshTextfile writes the textfile if it has become old.
func (d *Daemon) refreshTextfile() {
	d.textfile.Lock()
	isOld := d.o.Now().Sub(d.shown) >= refreshEvery
	d.textfile.Unlock()
	if isOld {
		d.writeTextfile()
	}
}

// writeTextfile writes the metrics for node_exporter's textfile collector.
func (d *Daemon) writeTextfile() {
	if d.o.Textfile == "" {
		return
	}
	d.textfile.Lock()
	defer d.textfile.Unlock()
	d.shown = d.o.Now()
	const what = "writing the textfile"
	if err := replaceFile(d.o.Textfile, d.WriteMetrics); err != nil {
		d.troubles.add(what, slog.LevelWarn, fmt.Sprintf("write metrics to %s: %v", d.o.Textfile, err))
		return
	}
	d.troubles.end(what, fmt.Sprintf("metrics are written to %s again", d.o.Textfile))
}

// replaceFile writes a file whole or not at all, since its reader may open it at
// any time.
func replaceFile(path string, content func(io.Writer) error) (err error) {
	defer func() {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err // without the name, which differs each time
		}
	}()
	// The collector reads only *.prom, so it ignores this file.
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	err = content(tmp)
	if err == nil {
		err = tmp.Chmod(0o644) // it has no secret, and its reader is another user
	}
	if errClose := tmp.Close(); err == nil {
		err = errClose
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
