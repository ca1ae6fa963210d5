package job

import (
	"bytes"
	"io/fs"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/template"
)

// Kind says what a run would do to a destination.
type Kind string

// The kinds of change. ModeOnly is drift of a stated mode or owner: it is
// repaired without telling the hook.
const (
	Unchanged Kind = "unchanged"
	Create    Kind = "create"
	Update    Kind = "update"
	ModeOnly  Kind = "mode"
)

// NewFileMode is the mode of a destination that did not exist.
const NewFileMode fs.FileMode = 0o600

// Change is one destination as it is and as it will be.
type Change struct {
	File File
	// Path is where File.Dest is for others: below the root of the run.
	Path     string
	Kind     Kind
	Data     []byte
	Prints   []template.Print // of the template's actions in Data
	Mode     fs.FileMode
	UID, GID int // Keep: what the kernel gives a new file
	Old      txn.Existing
}

// Diff compares rendered bytes with the disk. uid and gid are the stated
// owner, or Keep. An existing file keeps what is not stated, if its directory
// can be believed; in a directory that somebody else can write, a file is
// what a new one would be.
func Diff(f File, out template.Output, uid, gid int, old txn.Existing) Change {
	c := Change{File: f, Path: f.Dest, Data: out.Bytes, Prints: out.Prints(), Mode: NewFileMode, UID: uid, GID: gid, Old: old}
	keep := old.Exists && old.KeepMeta
	if keep {
		c.Mode = old.Mode
	}
	if keep && uid == Keep {
		c.UID = old.UID
	}
	if keep && gid == Keep {
		c.GID = old.GID
	}
	if f.Mode != nil {
		c.Mode = *f.Mode
	}
	switch {
	case !old.Exists:
		c.Kind = Create
	case old.TooLarge || !bytes.Equal(old.Data, out.Bytes):
		c.Kind = Update
	case c.Drifted():
		c.Kind = ModeOnly
	default:
		c.Kind = Unchanged
	}
	return c
}

// Drifted reports whether mode or owner differ from what they should be. The
// owner of a file in an unbelieved directory is whoever put it there, so equal
// bytes alone do not make it ours: it is compared where it is stated.
func (c Change) Drifted() bool {
	return c.Mode != c.Old.Mode || (c.UID != Keep && c.UID != c.Old.UID) || (c.GID != Keep && c.GID != c.Old.GID)
}

// Tolerated reports whether File.Permit covers all that drifted: the file
// system may be unable to do better.
func (c Change) Tolerated() bool {
	d := c
	if c.File.Permit.Mode {
		d.Mode = c.Old.Mode
	}
	if c.File.Permit.Owner {
		d.UID, d.GID = Keep, Keep
	}
	return !d.Drifted()
}

// Txn returns the file as a transaction takes it.
func (c Change) Txn() txn.File {
	return txn.File{
		Dest: c.File.Dest, Data: c.Data, Mode: c.Mode, UID: c.UID, GID: c.GID,
		InPlace: c.File.InPlace, CreateDirs: c.File.CreateDirs, Permit: c.File.Permit,
	}
}
