package state

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
)

// formatVersion is the format that this package writes. Format 1, whose records
// do not tell the machine from the store and call the pending hook a debt, is
// read and replaced at the next write; docs/dev/layout.md lists the formats.
const formatVersion = 2

// Record is what is stored about a job.
type Record struct {
	Version int    `json:"version"` // of the format
	ID      string `json:"id"`
	Name    string `json:"name"`
	// Machine is a hash of the machine that wrote the record; empty: format 1,
	// which does not tell.
	Machine  string `json:"machine,omitempty"`
	Identity string `json:"identity"` // hash of machine and Identity
	// Account is a hash of machine and account, of the last run that knew it.
	Account string `json:"account,omitempty"`

	Txn         txn.Record   `json:"txn,omitzero"` // the transaction under way
	PendingHook *PendingHook `json:"pending_hook,omitempty"`

	Files map[string]File `json:"files,omitempty"` // in place, by destination
	Trace []source.Known  `json:"trace,omitempty"` // lookups of the last render
	// Untraced: names that depend on secrets were looked up too. They are not
	// stored, so a probe of Trace alone cannot tell that nothing changed.
	Untraced bool `json:"untraced,omitempty"`
	// Globs are the patterns whose matches are in Trace.
	Globs []source.Ref `json:"globs,omitempty"`
	// Inputs is the fingerprint of all that the last render was made of but
	// for the lookups; empty: its output may be another each time.
	Inputs string `json:"inputs,omitempty"`
	// Asked is what the templates asked of the machine.
	Asked []Asked `json:"asked,omitempty"`
	// Overrides are the secrets of which an operator's values are in Files.
	Overrides []Override `json:"overrides,omitempty"`
	// Refused is the fingerprint of the set of bytes that verify refused.
	Refused string `json:"refused,omitempty"`

	LastRun time.Time `json:"last_run,omitzero"`
	// LastSuccess is when the files in place were last known to be right.
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastChange  time.Time `json:"last_change,omitzero"`
	// LastLook is when all lookups were last made consistently: by a render, or
	// by a full look that found nothing new.
	LastLook time.Time `json:"last_look,omitzero"`
	Result   Result    `json:"result,omitzero"`
}

// Result is how a run ended.
type Result struct {
	Code  int    `json:"code"`            // the exit code it stands for
	Error string `json:"error,omitempty"` // words, no value in them
	Run   string `json:"run,omitempty"`   // the id of the run, as in its log lines
	// Since, Count and Logged are for runs that fail in a row: when the first of
	// them failed, how many there are, and when one was last logged.
	Since  time.Time `json:"since,omitzero"`
	Count  int       `json:"count,omitempty"`
	Logged time.Time `json:"logged,omitzero"`
}

// LogEvery is how often a failure that stays the same is logged.
const LogEvery = time.Hour

// After continues the row of failures that before belongs to. isRepeat reports
// that the same failure was logged less than [LogEvery] ago.
func (r Result) After(before Result, now time.Time) (next Result, isRepeat bool) {
	if r.Code == 0 {
		return r, false
	}
	r.Since, r.Count, r.Logged = now, 1, now
	if before.Code == 0 {
		return r, false
	}
	r.Count = before.Count + 1
	if !before.Since.IsZero() {
		r.Since = before.Since
	}
	age := now.Sub(before.Logged)
	isRepeat = r.Code == before.Code && alike(r.Error, before.Error) && age >= 0 && age < LogEvery
	if isRepeat {
		r.Logged = before.Logged
	}
	return r, isRepeat
}

// alike reports whether two messages differ in numbers at most: durations,
// process ids and ports are others each time.
func alike(a, b string) bool {
	digits := func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return -1
		}
		return r
	}
	return strings.Map(digits, a) == strings.Map(digits, b)
}

// Asked is one thing that a template asked of the machine: the environment
// variable, file or time zone of that name, or the host's name.
type Asked struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
}

// Override is a secret whose value in place is an operator's, not the source's.
type Override struct {
	Ref   source.Ref `json:"ref"`
	Since time.Time  `json:"since"`
}

// Overridden reports whether the value of a secret in place is an operator's.
func (r *Record) Overridden(ref source.Ref) bool {
	return slices.ContainsFunc(r.Overrides, func(o Override) bool { return o.Ref == ref })
}

// File is one file in place.
type File struct {
	Print string `json:"print"`           // keyed fingerprint of the content
	Stamp string `json:"stamp,omitempty"` // keyed fingerprint of txn.Disk.Stamp; empty: not known
	// Seen is the inode, size and change time of the file ([Seen]), which stay
	// comparable after a reboot, when the key of the fingerprints is gone.
	Seen string      `json:"seen,omitempty"`
	Mode fs.FileMode `json:"mode"`
	UID  int         `json:"uid"`
	GID  int         `json:"gid"`
	// NotAfter is when the first of the certificates in it expires; zero: it
	// holds none.
	NotAfter time.Time `json:"not_after,omitzero"`
}

// Seen is what of a [txn.Disk.Stamp] stays the same over a reboot: all but the
// device, whose number the kernel gives anew.
func Seen(stamp string) string {
	_, rest, _ := strings.Cut(stamp, ":")
	return rest
}

// MadeOn reports whether machine wrote the record.
func (r Record) MadeOn(machine string) bool { return r.Machine == hash(machine) }

// Identity is where a job's values come from. After it has changed, the next run
// checks the job anew, and its pending hook stays pending.
type Identity struct {
	Region, Table, Role, Store string
	// Account may be empty: then it is not known, which says nothing. Whoever
	// gives credentials tells it or not, and cannot where nothing answers.
	Account string
}

func (i Identity) hash(machine string) string {
	return hash(machine, i.Region, i.Table, i.Role, i.Store)
}

// isOf reports whether the identity of a record is i on machine. Early records
// of format 1 have the account among the rest.
func (i Identity) isOf(r Record, machine string) bool {
	early := hash(machine, i.Account, i.Region, i.Table, i.Role, i.Store)
	return r.Identity == i.hash(machine) || r.Machine == "" && r.Identity == early
}

func (i Identity) accountHash(machine string) string {
	if i.Account == "" {
		return ""
	}
	return hash(machine, i.Account)
}

// SamePlace reports whether the values of both jobs come from the same place, as far
// as is known.
func (r Record) SamePlace(other Record) bool {
	return r.Identity == other.Identity && (r.Account == other.Account || r.Account == "" || other.Account == "")
}

// clone copies r, so that its owner can change it.
func (r Record) clone() Record {
	if r.PendingHook != nil {
		d := *r.PendingHook
		d.Dests = slices.Clone(d.Dests)
		r.PendingHook = &d
	}
	r.Txn.Files, r.Txn.Dirs = slices.Clone(r.Txn.Files), slices.Clone(r.Txn.Dirs)
	r.Files, r.Trace = maps.Clone(r.Files), slices.Clone(r.Trace)
	r.Globs, r.Asked = slices.Clone(r.Globs), slices.Clone(r.Asked)
	r.Overrides = slices.Clone(r.Overrides)
	return r
}
