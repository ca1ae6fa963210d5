package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The sweep runs every command with every kind of bad input. For each command line
// it checks the exit code, that the message names the fault, that no secret value
// is in any output, and that nothing changed on disk or in a store.
// docs/dev/exit-zero.md is printed from the same rows.

// The faults are the kinds of bad input, in the order of the page.
const (
	faultMissing    = "missing"
	faultEmpty      = "empty"
	faultMalformed  = "malformed"
	faultWrongType  = "wrong type"
	faultWrongRef   = "wrong kind of REF"
	faultUnreadable = "unreadable"
	faultDuplicated = "duplicated"
	faultSameFile   = "same file"
)

func sweepFaults() []string {
	return []string{
		faultMissing, faultEmpty, faultMalformed, faultWrongType, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile,
	}
}

// bad is one command line with one fault.
type bad struct {
	fault  string
	line   string // split at spaces outside single quotes; $D is the row's directory
	stdin  string
	code   int
	says   string // a regular expression for standard error
	prints bool   // standard output may have text, where the message may be too
	gives  bool   // standard output may have a value
}

func refuses(fault string, code int, says, line string) bad {
	return bad{fault: fault, code: code, says: says, line: line}
}

// with gives the row standard input.
func (b bad) with(stdin string) bad { b.stdin = stdin; return b }

// printing permits standard output.
func (b bad) printing() bad { b.prints = true; return b }

// giving permits values on standard output: what was asked for beside the fault.
func (b bad) giving() bad { b.gives = true; return b.printing() }

// immune says, by fault, why a command cannot meet it.
type immune map[string]string

// excuse adds one reason for several faults.
func (m immune) excuse(why string, faults ...string) immune {
	for _, f := range faults {
		m[f] = why
	}
	return m
}

// Reasons that several commands share.
const (
	noInput   = "takes no input"
	noRef     = "takes no REF"
	noFile    = "reads no file but the config"
	noOutput  = "writes no file"
	oneObject = "takes one object"
)

// sweepRows returns the rows by command.
func sweepRows() map[string][]bad {
	all := map[string][]bad{}
	for _, part := range []map[string][]bad{renderRows(), jobRows(), holdRows(), secretRows(), lifeRows(), storeRows(), accessRows(), otherRows(), authoringRows(), compatRows()} {
		maps.Copy(all, part)
	}
	return all
}

// sweepImmune returns the reasons by command.
func sweepImmune() map[string]immune {
	all := map[string]immune{}
	for _, part := range []map[string]immune{renderImmune(), jobImmune(), holdImmune(), secretImmune(), lifeImmune(), storeImmune(), accessImmune(), otherImmune(), authoringImmune(), compatImmune()} {
		maps.Copy(all, part)
	}
	return all
}

func TestExitZero(t *testing.T) {
	ground := newSweepGround(t)
	rows := sweepRows()
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		for i, row := range rows[name] {
			t.Run(rowName(name, row.fault, i), func(t *testing.T) { ground.sweep(t, name, row) })
		}
	}
}

// rowName is the name of a row's test, as the page has it.
func rowName(command, fault string, i int) string {
	return strings.ReplaceAll(fmt.Sprintf("%s/%s/%d", command, fault, i), " ", "-")
}

// sweep runs one row in a directory of its own.
func (g *sweepGround) sweep(t *testing.T, name string, row bad) {
	p := g.place(t)
	before, asked := contents(t, p.dir), len(g.srv.Requests())
	words := append(strings.Fields(name), split(t, strings.ReplaceAll(row.line, "$D", p.dir))...)
	code, stdout, stderr := p.invoke(t, row.stdin, words...)
	t.Logf("credrender %q: exit code %d\n%s", words, code, stderr)
	if code != row.code {
		t.Errorf("exit code %d, want %d", code, row.code)
	}
	told := stderr
	if row.prints {
		told += stdout
	}
	if row.says == "" || !regexp.MustCompile(row.says).MatchString(told) {
		t.Errorf("no message matches %q", row.says)
	}
	if stdout != "" && !row.prints {
		t.Errorf("standard output:\n%s", stdout)
	}
	for _, canary := range sweepCanaries() {
		if strings.Contains(stderr, canary) || !row.gives && strings.Contains(stdout, canary) {
			t.Errorf("the output has %s:\n%s%s", canary, stdout, stderr)
		}
	}
	stateKeepsNoValue(t, p.dir)
	unchanged(t, before, contents(t, p.dir))
	g.wroteNothing(t, asked)
}

// Every command meets every fault, or the page has a reason why it cannot.
func TestExitZeroIsComplete(t *testing.T) {
	rows, excused := sweepRows(), sweepImmune()
	a := newApp(nil, nil, nil)
	a.globals = newGlobals()
	commands := commandPaths(newRoot(a))
	for _, name := range commands {
		for _, fault := range sweepFaults() {
			why := excused[name][fault]
			tried := slices.ContainsFunc(rows[name], func(b bad) bool { return b.fault == fault })
			switch {
			case tried && why != "":
				t.Errorf("%s: %s: has rows and a reason for none", name, fault)
			case !tried && why == "":
				t.Errorf("%s: %s: no row", name, fault)
			}
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(rows)), slices.Collect(maps.Keys(excused))) {
		if !slices.Contains(commands, name) {
			t.Errorf("%s: there is no such command", name)
		}
	}
}
