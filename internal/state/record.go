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

// formatVersion is the Record.Version that this package writes and reads.
const formatVersion = 1

// Record is what is stored about a job.
type Record struct {
	Version  int    `json:"version"` // of the format
	ID       string `json:"id"`
	Name     string `json:"name"`
	Identity string `json:"identity"` // hash of machine and Identity
	// Account is a hash of machine and account, of the last run that knew it.
	Account string `json:"account,omitempty"`

	Txn  txn.Record `json:"txn,omitzero"` // the transaction under way
	Debt *Debt      `json:"debt,omitempty"`

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
}

// Asked is one thing that a template asked of the machine: the environment
// variable, file or time zone of that name, or the host's name.
type Asked struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
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

// Identity is where a job's values come from. State that was made with
// another one, or on another machine, is not believed.
type Identity struct {
	Region, Table, Role, Store string
	// Account may be empty: then it is not known, which says nothing. Whoever
	// gives credentials tells it or not, and cannot where nothing answers.
	Account string
}

func (i Identity) hash(machine string) string {
	return hash(machine, i.Region, i.Table, i.Role, i.Store)
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
	if r.Debt != nil {
		d := *r.Debt
		d.Dests = slices.Clone(d.Dests)
		r.Debt = &d
	}
	r.Txn.Files, r.Txn.Dirs = slices.Clone(r.Txn.Files), slices.Clone(r.Txn.Dirs)
	r.Files, r.Trace = maps.Clone(r.Files), slices.Clone(r.Trace)
	r.Globs, r.Asked = slices.Clone(r.Globs), slices.Clone(r.Asked)
	return r
}
