package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// stats is the output of --stats: counts and times, without names and values.
type stats struct {
	Batches  int `json:"batches"`
	Refs     int `json:"refs"`
	KMSCalls int `json:"kms_calls"`
	awsconfig.Usage
	// Milliseconds by phase: lock, changes (the change check), load, fetch,
	// execute, compare, install, finish (hooks and state).
	Milliseconds map[string]float64 `json:"milliseconds"`
	// Sources counts the refs of each source, if there are others than the store.
	Sources map[string]int `json:"sources,omitempty"`
	phases  []render.Phase
}

// meter starts counting requests to AWS.
func (a *app) meter(wanted bool) {
	if wanted {
		a.stores.Meter = &awsconfig.Meter{}
	}
}

// stats logs what a run took. Under --wait, the requests are those of all runs so far.
func (a *app) stats(s render.Stats) {
	out := stats{Batches: s.Batches, Refs: s.Refs, Usage: a.stores.Meter.Usage(), Milliseconds: map[string]float64{}, phases: s.Phases}
	for _, p := range s.Phases {
		out.Milliseconds[p.Name] += float64(p.Took.Microseconds()) / 1000
	}
	for name, n := range out.Requests {
		if strings.HasPrefix(name, "kms.") {
			out.KMSCalls += n
		}
	}
	if _, store := s.Sources["store"]; len(s.Sources) > 1 || !store {
		out.Sources = s.Sources
	}
	a.log.Info(out.String(), "stats", out)
}

// String formats stats for people.
func (s stats) String() string {
	requests := []string{}
	for _, name := range slices.Sorted(maps.Keys(s.Requests)) {
		requests = append(requests, fmt.Sprintf("%d %s", s.Requests[name], name))
	}
	if len(requests) == 0 {
		requests = []string{"none"}
	}
	c := s.Connections
	lines := []string{
		fmt.Sprintf("refs: %d, batches: %d%s", s.Refs, s.Batches, s.sources()),
		fmt.Sprintf("requests: %s; %d retried, %d throttled", strings.Join(requests, ", "), s.Retries, s.Throttled),
		fmt.Sprintf("received: %d bytes, %g read units, %d KMS calls", s.BytesReceived, s.ReadUnits, s.KMSCalls),
		fmt.Sprintf("connections: %d, %d of them opened in advance, %d unused", c.Opened, c.Predialed, c.Unused),
	}
	times := []string{}
	for _, p := range s.phases {
		times = append(times, fmt.Sprintf("%s %.1f", p.Name, float64(p.Took.Microseconds())/1000))
	}
	return strings.Join(append(lines, "milliseconds: "+strings.Join(times, ", ")), "\n")
}

func (s stats) sources() string {
	counts := []string{}
	for _, name := range slices.Sorted(maps.Keys(s.Sources)) {
		counts = append(counts, fmt.Sprintf("%s %d", name, s.Sources[name]))
	}
	if len(counts) == 0 {
		return ""
	}
	return " (" + strings.Join(counts, ", ") + ")"
}
