package race_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/bench/race"
)

// sample is a run in which one peer was slow, one faster than ours, one failed
// and one was not there.
func sample() *race.Report {
	far, near := race.Reference(), race.Wire{RTT: 5 * time.Millisecond}
	row := func(name string, w race.Wire, contender string, wall, cpu float64, requests int) race.Row {
		return race.Row{Case: name, Wire: w, Contender: contender, Rounds: 5, WallMS: wall, CPUMS: cpu, PeakMiB: 25, Requests: requests, Reads: requests / 2, Connections: 2}
	}
	return &race.Report{
		Date: "2026-11-22", Seconds: 61, Reference: far, Command: "go run ./test/bench peers", Machine: "a machine", Load: "0.10 before, 0.20 after",
		FloorMiB: 12.5, Fake: race.Fake{Plain: 30000, TLS: 20000},
		Contenders: []race.Contender{
			{Name: race.Ours, Version: "this tree", Does: "`render`"},
			{Name: race.Limit, Version: "this tree", Does: "the least"},
			{Name: "credstash getall", Version: "1.17.1", Does: "all"},
			{Name: "credsmash", Version: "3.0.2", Does: "a template"},
			{Name: "confd", Missing: "name it in `CONFD_BIN`", Does: "templates"},
		},
		Cases: []race.Case{
			{Name: "refs1", Title: "1 ref", Refs: 1}, {Name: "refs50", Title: "50 refs", Refs: 50}, {Name: "tick50", Title: "Nothing new", Refs: 50}, {Name: "unrun", Title: "Not run", Refs: 7},
		},
		Rows: []race.Row{
			row("refs1", far, race.Ours, 90, 15, 2), row("refs1", far, race.Limit, 85, 10, 2), row("refs1", far, "credsmash", 400, 380, 2),
			row("refs50", near, race.Ours, 50, 40, 100), row("refs50", near, "credstash getall", 45, 500, 101),
			row("refs50", far, race.Ours, 100, 40, 100), row("refs50", far, race.Limit, 90, 35, 100), row("refs50", far, "credstash getall", 800, 700, 101), row("refs50", far, "credsmash", 2600, 600, 100),
			row("tick50", far, race.Ours, 60, 20, 50), {Case: "tick50", Wire: far, Contender: "credsmash", Failed: "exit status 1: a|b"},
		},
	}
}

func TestMarkdownAndPlot(t *testing.T) {
	r := sample()
	for name, got := range map[string]string{"report.md": r.Markdown(), "report.svg": r.Plot()} {
		path := filepath.Join("testdata", name)
		if os.Getenv("RACE_UPDATE") != "" {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (RACE_UPDATE=1 writes it; -want +got):\n%s", name, diff)
		}
	}
}

// A report of nothing is still a page and a picture.
func TestEmptyReport(t *testing.T) {
	for _, r := range []*race.Report{{}, sample()} {
		if err := xml.Unmarshal([]byte(r.Plot()), new(struct{})); err != nil || strings.Contains(r.Plot(), "NaN") || strings.Contains(r.Plot(), "Inf") {
			t.Errorf("%v in\n%s", err, r.Plot())
		}
		if text := r.Markdown(); strings.Contains(text, "NaN") || strings.Contains(text, "%!") || strings.Contains(text, "](") {
			t.Errorf("got\n%s", text)
		}
	}
}

func TestLost(t *testing.T) {
	got := sample().Lost()
	if len(got) != 1 || got[0].Contender != "credstash getall" || got[0].Wire.RTT != 5*time.Millisecond {
		t.Errorf("got %+v", got)
	}
}

func TestCheck(t *testing.T) {
	recorded := map[string]race.Ratio{"a": {Wall: 1.1, CPU: 4}, "b": {Wall: 2, CPU: 2}}
	tests := []struct {
		name     string
		measured map[string]race.Ratio
		want     []string
	}{
		{"the same", recorded, nil},
		{"at the margin and the floor", map[string]race.Ratio{"a": {Wall: 2.5, CPU: 8}, "b": {Wall: 4, CPU: 0.1}}, nil},
		{"past the floor", map[string]race.Ratio{"a": {Wall: 2.6, CPU: 1}, "b": {Wall: 1, CPU: 1}},
			[]string{"a: 2.60 times the limit program's wall time, 1.10 on record"}},
		{"past the margin", map[string]race.Ratio{"a": {Wall: 1, CPU: 8.1}, "b": {Wall: 4.1, CPU: 1}},
			[]string{"a: 8.10 times the limit program's CPU time, 4.00 on record", "b: 4.10 times the limit program's wall time, 2.00 on record"}},
		{"other cases", map[string]race.Ratio{"a": {Wall: 1, CPU: 1}, "c": {Wall: 1, CPU: 1}},
			[]string{"b: on record and not measured", "c: measured and not on record"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, race.Check(recorded, tt.measured)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestBetter(t *testing.T) {
	got := race.Better(map[string]race.Ratio{"a": {Wall: 3, CPU: 1}}, map[string]race.Ratio{"a": {Wall: 2, CPU: 5}})
	if diff := cmp.Diff(map[string]race.Ratio{"a": {Wall: 2, CPU: 1}}, got); diff != "" {
		t.Error(diff)
	}
}
