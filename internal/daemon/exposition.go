package daemon

import (
	"cmp"
	"fmt"
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
