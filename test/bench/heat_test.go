package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/bench/fake"
	"github.com/credrender/credrender/test/bench/race"
)

// The fake and the limit program are processes of this program's own file,
// which in a test is the test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"serve", "limit"}, os.Args[1]) {
		if err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// script is a contender that is a shell script, given the names of the case.
func script(name, text string) contender {
	return contender{Contender: race.Contender{Name: name}, weight: light, can: not(), command: func(s *stage) ([]string, error) {
		var values []string
		for _, secret := range s.c.secrets() {
			values = append(values, fake.Value(secret, s.c.size))
		}
		return append([]string{"sh", "-c", text, "sh"}, values...), nil
	}}
}

// What is counted of a contender, and that one that does not bring all values
// has no numbers.
func TestHeat(t *testing.T) {
	dir := t.TempDir()
	if err := makeCertificate(dir); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	all := []contender{
		limits(self),
		script("honest", `echo "$@"; echo "$1" > out0`), script("forgets", `shift; echo "$@"`), script("fails", `echo why >&2; exit 3`),
		{Contender: race.Contender{Name: "absent", Missing: "x"}},
	}
	want := map[string][]race.Row{
		"refs10":     {{Requests: 20, Reads: 10, Connections: 20}},
		"getall2000": {{Requests: 2002, Reads: 2, Connections: 257}},
		"tick50":     {{Requests: 50, Reads: 50, Connections: 50}},
	}
	p := racePlan{rounds: 1}
	for _, c := range raceCases() {
		if want[c.Name] == nil {
			continue
		}
		for _, tls := range []bool{false, true} {
			if tls && c.Refs > 10 { // hundreds of handshakes that show no more
				continue
			}
			got, err := p.heat(t.Context(), dir, c, race.Wire{TLS: tls, RTT: race.Laptop().RTT}, all)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range got {
				if numbers := x.WallMS > 0 && x.PeakMiB > 0; numbers != (x.Failed == "") {
					t.Errorf("%+v", x)
				}
				got[i] = race.Row{Contender: x.Contender, Requests: x.Requests, Reads: x.Reads, Connections: x.Connections, Failed: x.Failed}
			}
			limit := want[c.Name][0]
			limit.Contender = race.Limit
			expected := []race.Row{limit, {Contender: "honest"}, {Contender: "forgets", Failed: "n0 is not in what it wrote"}, {Contender: "fails", Failed: "exit status 3: why"}}
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Errorf("%s, TLS %v (-want +got):\n%s", c.Name, tls, diff)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "run*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOnlyWhatIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	p := racePlan{rounds: 1, only: "refs1, plain, 20 ms, b"}
	got, err := p.heat(t.Context(), dir, raceCases()[1], race.Wire{RTT: race.Laptop().RTT}, []contender{script("a", "exit 1"), script("b", `echo "$@"`)})
	if err != nil || len(got) != 1 || got[0].Contender != "b" || got[0].Failed != "" {
		t.Errorf("%v, %+v", err, got)
	}
	ours := script(race.Ours, "exit 1")
	ours.weight = own
	if got, err := (&racePlan{rounds: 1}).heat(t.Context(), dir, raceCases()[1], race.Wire{}, []contender{ours}); err == nil {
		t.Errorf("a race without credrender: %+v", got)
	}
}

// Quick programs warm up; slow ones have fewer rounds.
func TestRounds(t *testing.T) {
	tests := map[time.Duration]struct{ counted, run int }{
		time.Millisecond: {5, 6}, 3 * time.Second: {5, 5}, 5 * time.Second: {3, 3}, time.Minute: {1, 1},
	}
	for wall, want := range tests {
		e, counted, run := entrant{rounds: 5}, 0, 0
		for ; e.rounds > 0 && run < 10; run++ {
			if !e.note(wall) {
				counted++
			}
		}
		if counted != want.counted || run != want.run {
			t.Errorf("%s: %d of %d rounds count, want %d of %d", wall, counted, run, want.counted, want.run)
		}
	}
}

// Everything that can be measured is, on the wire of reference; and what takes hours is not, on
// the others.
func TestTakesPart(t *testing.T) {
	near := race.Wire{TLS: true, RTT: 80 * time.Millisecond}
	for _, c := range raceCases() {
		for _, x := range []weight{own, light, heavy, loop} {
			if !c.takesPart(race.Reference(), x, false) {
				t.Errorf("%s: weight %d is not measured at all", c.Name, x)
			}
			if c.takesPart(near, x, false) != (c.way != starting && (x == own || c.Name == "refs50" && x != loop)) {
				t.Errorf("%s: weight %d at 80 ms", c.Name, x)
			}
		}
	}
	if !slices.Contains(raceWires(true), race.Reference()) {
		t.Error("quick: not the wire of reference")
	}
}

// The programs that are built from their sources have commands that name their files, every
// file asks for its own secrets, and only those of one store take part in the rows of the other.
func TestBuiltCommands(t *testing.T) {
	programs := t.TempDir()
	for _, name := range []string{"gcredstash", "unicreds", "chamber", "confd", "gomplate"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\necho "+name+" v1.2.3\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	ways := map[string][]way{
		"gcredstash": {oneFile, wholeTable, quietTick}, "unicreds": {oneFile, wholeTable},
		"chamber": {parameters}, "confd": {parameters}, "gomplate": {parameters},
	}
	for _, x := range built(t.Context(), programs) {
		if x.Version != "1.2.3" || x.Missing != "" || x.start == nil {
			t.Errorf("%+v", x.Contender)
		}
		for _, c := range raceCases() {
			if x.can(c.way) != slices.Contains(ways[x.Name], c.way) {
				t.Errorf("%s, %s: %v", x.Name, c.Name, x.can(c.way))
			}
			if !x.can(c.way) || c.way == wholeTable || x.Name == "chamber" {
				continue
			}
			s := stage{c: c, dir: t.TempDir()}
			args, err := x.command(&s)
			text := strings.Join(args, " ") + contents(t, s.dir)
			last := c.secrets()[c.Refs-1]
			if err != nil || !strings.Contains(text, last) || strings.Contains(text, fake.Name(c.Refs)) {
				t.Errorf("%s, %s asks for other secrets: %v\n%s", x.Name, c.Name, err, text)
			}
		}
	}
	if err := os.Remove(filepath.Join(programs, "confd")); err != nil {
		t.Fatal(err)
	}
	for _, x := range built(t.Context(), programs) {
		if (x.Missing != "") != (x.Name == "confd") {
			t.Errorf("%+v", x.Contender)
		}
	}
}

// Command spawn's numbers are of the program, whatever this process has.
func TestSpawnMeasuresTheProgramAlone(t *testing.T) {
	spawn := filepath.Join(t.TempDir(), "spawn")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", spawn, "./spawn").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ballast := bytes.Repeat([]byte{1}, 64<<20)
	got, err := spawned(t.Context(), spawn, command{args: []string{"sh", "-c", "sleep 0.05"}})
	if err != nil || got.mib <= 0 || got.mib > 16 || got.wall < 50*time.Millisecond || got.wall < got.cpu {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := spawned(t.Context(), "", command{args: []string{"true"}}); err != nil || got.mib < 64 {
		t.Errorf("without it: %+v, %v, with %d bytes here", got, err, len(ballast))
	}
	_, err = spawned(t.Context(), spawn, command{args: []string{"sh", "-c", "echo no >&2; echo why >&2; exit 3"}})
	if err == nil || err.Error() != "exit status 3: why" {
		t.Errorf("a failure: %v", err)
	}
}

func contents(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
