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

// formatVersion is the format that this package writes. It also reads formats 1 and
// 2, which the next write replaces. The comment of the package lists the formats.
const formatVersion = 3

// Record is what is stored about a job.
type Record struct {
	Version int    `json:"version"` // of the format
	ID      string `json:"id"`
	Name    string `json:"name"`
	// Machine is a hash of the machine that wrote the record. Early records of format 1
	// lack it.
	Machine  string `json:"machine,omitempty"`
	Identity string `json:"identity"` // hash of machine and Identity
	// Account is a hash of machine and account, as of the last run that knew the account.
	Account string `json:"account,omitempty"`

	Txn         txn.Record   `json:"txn,omitzero"` // the transaction in progress
	PendingHook *PendingHook `json:"pending_hook,omitempty"`

	Files map[string]File `json:"files,omitempty"` // in place, by destination
	// Left are files that the job made, and that are no longer its files.
	Left map[string]File `json:"left,omitempty"`
	// Matches are the names for which for_each made files.
	Matches []Matches      `json:"matches,omitempty"`
	Trace   []source.Known `json:"trace,omitempty"` // lookups of the last render
	// Untraced is true if the render also looked up names that depend on secrets. Such
	// names are not stored, so a probe of Trace cannot prove that nothing changed.
	Untraced bool `json:"untraced,omitempty"`
	// Globs are the patterns whose matches are in Trace.
	Globs []source.Ref `json:"globs,omitempty"`
	// Inputs is the fingerprint of everything but the lookups that determined the last
	// render. It is empty if the output may differ at each run.
	Inputs string `json:"inputs,omitempty"`
	// Asked is what the templates read of the machine.
	Asked []Asked `json:"asked,omitempty"`
	// Overrides are the secrets whose values in Files an operator gave.
	Overrides []Override `json:"overrides,omitempty"`
	// Refused is the fingerprint of the files that verify refused.
	Refused string `json:"refused,omitempty"`

	LastRun time.Time `json:"last_run,omitzero"`
	// LastSuccess is the last time at which the files in place were known to be right.
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastChange  time.Time `json:"last_change,omitzero"`
	// LastLook is the time of the last consistent read of all secrets: by a render, or by
	// a full refresh that found no change.
	LastLook time.Time `json:"last_look,omitzero"`
	Result   Result    `json:"result,omitzero"`
}

// Result is how a run ended.
type Result struct {
	Code  int    `json:"code"`            // the exit code
	Error string `json:"error,omitempty"` // the message, without secret values
	Run   string `json:"run,omitempty"`   // the id of the run, as in its log lines
	// Since, Count and Logged describe consecutive failures: the time of the first, their
	// number, and the time at which one was last logged.
	Since  time.Time `json:"since,omitzero"`
	Count  int       `json:"count,omitempty"`
	Logged time.Time `json:"logged,omitzero"`
}

// LogEvery is the interval at which a repeated failure is logged again.
const LogEvery = time.Hour

// After returns r with the count of consecutive failures that before ends. isRepeat
// reports whether the same failure was logged less than [LogEvery] ago.
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

// alike reports whether two messages are the same except for numbers, such as
// durations, process IDs and ports.
func alike(a, b string) bool {
	digits := func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return -1
		}
		return r
	}
	return strings.Map(digits, a) == strings.Map(digits, b)
}

// Asked is something that a template read of the machine: the environment variable,
// file or time zone called Name, or the hostname.
type Asked struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
}

// Matches are the names that a pattern of for_each matched, sorted.
type Matches struct {
	Pattern source.Ref `json:"pattern"`
	Names   []string   `json:"names"`
}

// Override is a secret whose value in the files was given by an operator (--override)
// and not by its source.
type Override struct {
	Ref   source.Ref `json:"ref"`
	Since time.Time  `json:"since"`
}

// Overridden reports whether the files hold an operator's value of the secret.
func (r *Record) Overridden(ref source.Ref) bool {
	return slices.ContainsFunc(r.Overrides, func(o Override) bool { return o.Ref == ref })
}

// File is an installed file.
type File struct {
	Print string `json:"print"`           // keyed fingerprint of the content
	Stamp string `json:"stamp,omitempty"` // keyed fingerprint of txn.Disk.Stamp; empty if unknown
	// Seen is the file's inode, size and change time ([Seen]). It is not keyed: the key of
	// the fingerprints is lost at a reboot, and Seen has to be comparable after it.
	Seen string      `json:"seen,omitempty"`
	Mode fs.FileMode `json:"mode"`
	UID  int         `json:"uid"`
	GID  int         `json:"gid"`
	// NotAfter is the time at which the first certificate in the file expires. It is zero
	// if the file holds no certificate.
	NotAfter time.Time `json:"not_after,omitzero"`
}

// Seen returns the part of a [txn.Disk.Stamp] that survives a reboot: all except the
// device number, which the kernel assigns anew.
func Seen(stamp string) string {
	_, rest, _ := strings.Cut(stamp, ":")
	return rest
}

// MadeOn reports whether machine wrote the record.
func (r Record) MadeOn(machine string) bool { return r.Machine == hash(machine) }

// Identity is the origin of a job's values. If it changes, the next run checks all
// secrets of the job again. A pending hook stays pending.
type Identity struct {
	Region, Table, Role, Store string
	// Account is empty if it is unknown: not every provider of credentials reports it, and
	// STS may be out of reach. An unknown account counts as unchanged.
	Account string
}

func (i Identity) hash(machine string) string {
	return hash(machine, i.Region, i.Table, i.Role, i.Store)
}

// isOf reports whether r was recorded for identity i on machine. In early records of
// format 1 the hash includes the account.
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

// SamePlace reports whether the values of both jobs come from the same place. An unknown
// account counts as the same.
func (r Record) SamePlace(other Record) bool {
	return r.Identity == other.Identity && (r.Account == other.Account || r.Account == "" || other.Account == "")
}

// clone returns a deep copy of r.
func (r Record) clone() Record {
	if r.PendingHook != nil {
		d := *r.PendingHook
		d.Dests = slices.Clone(d.Dests)
		r.PendingHook = &d
	}
	r.Txn.Files, r.Txn.Dirs = slices.Clone(r.Txn.Files), slices.Clone(r.Txn.Dirs)
	r.Files, r.Left, r.Trace = maps.Clone(r.Files), maps.Clone(r.Left), slices.Clone(r.Trace)
	r.Matches = slices.Clone(r.Matches)
	r.Globs, r.Asked = slices.Clone(r.Globs), slices.Clone(r.Asked)
	r.Overrides = slices.Clone(r.Overrides)
	return r
}
