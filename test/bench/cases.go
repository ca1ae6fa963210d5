package main

import (
	"fmt"
	"time"

	"github.com/credrender/credrender/test/bench/fake"
	"github.com/credrender/credrender/test/bench/race"
)

// way is what a case asks of a program.
type way int

const (
	oneFile  way = iota // a template of all refs into one file
	tenFiles            // the refs spread over ten templates
	wholeTable
	quietTick  // the file of an earlier run is there, and nothing is new
	parameters // one file, out of Parameter Store
	starting   // only start, and print the version
)

// raceCase is a case, and how its fake has to be.
type raceCase struct {
	race.Case
	way   way
	size  int // of a secret
	names int // in the table
	// printed: those that can print do so, and no file is put in place. Peers that can do
	// nothing else are compared like for like.
	printed bool
}

const filesInCase = 10

// raceCases are all that can be measured. A table has the secrets of its case
// and no others, which favours those that read all of it.
func raceCases() []raceCase {
	refs := func(n int, title string) raceCase {
		return raceCase{Case: race.Case{Name: fmt.Sprintf("refs%d", n), Title: title, Refs: n}, size: 100, names: n}
	}
	params := func(n int, title string) raceCase {
		return raceCase{Case: race.Case{Name: fmt.Sprintf("parameters%d", n), Title: title, Refs: n}, way: parameters, size: 100, names: n}
	}
	printed := func(c raceCase, name string) raceCase { c.Name, c.printed = name, true; return c }
	return []raceCase{
		{Case: race.Case{Name: "start", Title: "Start, and print the version"}, way: starting, size: 100, names: 1},
		refs(1, "1 ref"), printed(refs(1, "1 ref, printed"), "printed1"), printed(params(1, "1 parameter, printed"), "printedparameter1"),
		refs(10, "10 refs in a file"), refs(50, "50 refs in a file"), refs(200, "200 refs in a file"),
		{Case: race.Case{Name: "certificate", Title: "One certificate of 100 KiB", Refs: 1}, way: oneFile, size: 100 << 10, names: 1},
		{Case: race.Case{Name: "files10", Title: "Ten files of 5 refs", Refs: 50}, way: tenFiles, size: 100, names: 50},
		{Case: race.Case{Name: "getall2000", Title: "All 2,000 secrets of a table", Refs: 2000}, way: wholeTable, size: 100, names: 2000},
		{Case: race.Case{Name: "tick50", Title: "50 refs again, nothing new", Refs: 50}, way: quietTick, size: 100, names: 50},
		params(1, "1 parameter of Parameter Store in a file"), params(10, "10 parameters in a file"), params(100, "100 parameters in a file"),
	}
}

// secrets are the names of those that a case takes.
func (c raceCase) secrets() []string {
	names := make([]string, c.Refs)
	for i := range names {
		names[i] = fake.Name(i)
	}
	return names
}

// files are the same names, by the file that they go to.
func (c raceCase) files() [][]string {
	all := c.secrets()
	if c.way != tenFiles {
		return [][]string{all}
	}
	files := make([][]string, filesInCase)
	for i := range files {
		files[i] = all[i*len(all)/filesInCase : (i+1)*len(all)/filesInCase]
	}
	return files
}

// raceWires are the ways to the fake.
func raceWires(quick bool) []race.Wire {
	plain := func(w race.Wire) race.Wire { w.TLS = false; return w }
	wires := []race.Wire{race.Reference(), race.Laptop()}
	if quick {
		return wires
	}
	return append(wires, plain(race.Reference()), plain(race.Laptop()), race.Wire{TLS: true}, race.Wire{TLS: true, RTT: 80 * time.Millisecond})
}

// weight is how long a contender takes, which decides where it takes part.
type weight int

const (
	own   weight = iota // credrender and the limit program
	light               // many requests at once
	heavy               // one request after the other
	loop                // a new process, or all anew, for some of the secrets
)

// takesPart says whether a contender of that weight is measured there. All are on the wire of
// reference, and all but loops and whole tables on the laptop's; on the others 50 refs tell the
// difference, and a run of everything would take hours.
func (c raceCase) takesPart(w race.Wire, x weight, quick bool) bool {
	switch {
	case c.way == starting:
		return w == race.Reference() // no wire is used
	case x == own:
		return true
	case quick && x >= heavy:
		return c.Refs == 1
	case w == race.Reference():
		return true
	case w == race.Laptop():
		return x == light || x == heavy && c.way != wholeTable || c.Name == "refs50"
	case w.RTT == race.Laptop().RTT && x == light: // without TLS
		return true
	}
	return c.Name == "refs50" && x < loop
}
