// Package race has the results of a run of credrender against its peers, and prints them: a
// table for each case, the goals, and a plot. It measures nothing itself.
package race

import (
	"fmt"
	"slices"
	"time"
)

// Ours and Limit are the contenders that all others are held against.
const (
	Ours  = "credrender"
	Limit = "limit program"
)

// Report is one run.
type Report struct {
	Date    string `json:"date"`
	Seconds int    `json:"seconds"`
	Command string `json:"command"`
	Machine string `json:"machine"`
	Load    string `json:"load"` // average, before and after
	// Reference is the wire that pages state results for.
	Reference Wire `json:"reference"`
	// FloorMiB is the least that a peak can read: a process counts what the one
	// that started it had.
	FloorMiB   float64     `json:"floor_mib"`
	Fake       Fake        `json:"fake"`
	Contenders []Contender `json:"contenders"`
	Cases      []Case      `json:"cases"`
	Rows       []Row       `json:"rows"`
}

// Fake is how fast the other end was, in Queries answered in a second.
type Fake struct {
	Plain float64 `json:"plain"`
	TLS   float64 `json:"tls"`
}

// Contender is a program in the race. Missing says how it can take part, where
// it did not.
type Contender struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Does    string `json:"does"`
	Missing string `json:"missing,omitempty"`
}

// Case is one thing to do.
type Case struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Refs  int    `json:"refs"` // secrets that it takes
}

// Wire is the way to the fake.
type Wire struct {
	TLS bool          `json:"tls"`
	RTT time.Duration `json:"rtt_ns"`
	// Region: the services take time of their own, as in AWS (package main has the times).
	Region bool `json:"region,omitempty"`
}

func (w Wire) String() string {
	name := "plain"
	if w.TLS {
		name = "TLS"
	}
	if w.Region {
		return name + ", region"
	}
	return fmt.Sprintf("%s, %d ms", name, w.RTT.Milliseconds())
}

// Row is one contender in one case on one wire; numbers are medians of Rounds.
type Row struct {
	Case        string  `json:"case"`
	Wire        Wire    `json:"wire"`
	Contender   string  `json:"contender"`
	Rounds      int     `json:"rounds"`
	WallMS      float64 `json:"wall_ms"`
	CPUMS       float64 `json:"cpu_ms"` // user and system, with its children
	PeakMiB     float64 `json:"peak_mib"`
	Requests    int     `json:"requests"`
	Reads       int     `json:"reads"` // of the requests, those to the table
	Connections int     `json:"connections"`
	Failed      string  `json:"failed,omitempty"` // why there are no numbers
}

// find returns the row of a contender, if it has numbers.
func (r *Report) find(name string, w Wire, contender string) (Row, bool) {
	i := slices.IndexFunc(r.Rows, func(x Row) bool {
		return x.Case == name && x.Wire == w && x.Contender == contender && x.Failed == ""
	})
	if i < 0 {
		return Row{}, false
	}
	return r.Rows[i], true
}

// Ratio is how many times slower a contender was than credrender in a case.
func (r *Report) ratio(name string, w Wire, contender string) (float64, bool) {
	theirs, there := r.find(name, w, contender)
	ours, here := r.find(name, w, Ours)
	if !there || !here || ours.WallMS == 0 {
		return 0, false
	}
	return theirs.WallMS / ours.WallMS, true
}

// Lost returns the rows in which a peer took less time than credrender.
func (r *Report) Lost() (rows []Row) {
	for _, x := range r.Rows {
		if x.Contender == Ours || x.Contender == Limit {
			continue
		}
		if ratio, ok := r.ratio(x.Case, x.Wire, x.Contender); ok && ratio < 1 {
			rows = append(rows, x)
		}
	}
	return rows
}

// wires are those that a case has rows for, in their order.
func (r *Report) wires(c Case) (wires []Wire) {
	for _, x := range r.Rows {
		if x.Case == c.Name && !slices.Contains(wires, x.Wire) {
			wires = append(wires, x.Wire)
		}
	}
	return wires
}
