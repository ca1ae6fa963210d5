package race_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/bench/race"
)

func grown() *race.Growth {
	return &race.Growth{
		Date: "2026-12-01", Machine: "a machine", Load: "0.10 before, 0.20 after", Daemon: race.Resident{OwnMiB: 5, FileMiB: 16},
		Series: []race.Serie{
			{Name: "refs", Title: "refs", Points: []race.Point{{N: 1, WallMS: 20, CPUMS: 10, PeakMiB: 21, Requests: 2, Connections: 2}, {N: 500, WallMS: 150, CPUMS: 120, PeakMiB: 40, Requests: 1000, Connections: 64}}},
			{Name: "unchanged", Title: "unchanged", Points: []race.Point{{N: 1, WallMS: 15, PeakMiB: 20, Requests: 0}}},
		},
	}
}

func TestGrowth(t *testing.T) {
	want := `
Measured 2026-12-01 on a machine; load average 0.10 before, 0.20 after. The wire is that of a machine in AWS: TLS, a round trip of 0.5 ms, answers of DynamoDB after 4 ms, of KMS and Parameter Store after 8 ms.

| | | time | CPU | peak | requests | connections |
|---|---|---|---|---|---|---|
| refs | 1 | 20.0 ms | 10.0 ms | 21.0 MiB | 2 | 2 |
| refs | 500 | 150.0 ms | 120.0 ms | 40.0 MiB | 1000 | 64 |
| unchanged | 1 | 15.0 ms | 0.0 ms | 20.0 MiB | 0 | 0 |

A daemon with four unchanged jobs has 21.0 MiB: 5.0 of its own, and 16.0 of pages of its program's file.

`
	if diff := cmp.Diff(want, grown().Markdown()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, g := range []*race.Growth{{}, grown()} {
		plot := g.Plot()
		if err := xml.Unmarshal([]byte(plot), new(struct{})); err != nil || strings.Contains(plot, "NaN") || strings.Contains(plot, "Inf") {
			t.Errorf("%v in\n%s", err, plot)
		}
	}
	if p, ok := grown().Last("refs"); !ok || p.N != 500 {
		t.Errorf("%+v, %v", p, ok)
	}
	if _, ok := grown().Last("none"); ok {
		t.Error("a serie that is not there")
	}
}

// What users read of a run: only rows that it has, on its own wire of reference.
func TestBlocks(t *testing.T) {
	blocks := race.Blocks(sample(), grown())
	for name, parts := range map[string][]string{
		"users":  {"| | 1 secret | 50 secrets |", "| credrender | **90.0 ms** | **100.0 ms** |", "| credsmash 3.0.2 | 400.0 ms | 2.60 s |"},
		"lost":   {"- 50 refs, plain, 5 ms: credstash getall, 45.0 ms instead of 50.0 ms (0.90 x)"},
		"memory": {"| 1 secret | 25 MiB |", "| a daemon between runs | 21 MiB, of which 5 are its own |"},
		"growth": {"| refs | 500 |"},
		"race":   {"### In full: TLS, region"},
	} {
		for _, part := range parts {
			if !strings.Contains(blocks[name], part) {
				t.Errorf("%s lacks %q:\n%s", name, part, blocks[name])
			}
		}
	}
	if text := blocks["users"]; strings.Contains(text, race.Limit) || strings.Contains(text, "confd") {
		t.Errorf("users read of programs without a time:\n%s", text)
	}
	old := sample()
	old.Reference = race.Wire{}
	if text := race.Blocks(old, grown())["users"]; strings.Contains(text, "400.0 ms") || !strings.Contains(text, "laptop") {
		t.Errorf("a run without a region:\n%s", text)
	}
}
