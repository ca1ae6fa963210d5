package job

import (
	"bytes"
	"io/fs"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/template"
)

// Kind is what a run does to a destination.
type Kind string

// The kinds of change. ModeOnly repairs a mode or owner without running the hook;
// Remove removes a file that the job made earlier.
const (
	Unchanged Kind = "unchanged"
	Create    Kind = "create"
	Update    Kind = "update"
	ModeOnly  Kind = "mode"
	Remove    Kind = "remove"
)

// NewFileMode is the mode of a destination that did not exist.
const NewFileMode fs.FileMode = 0o600

// Change compares one destination before and after a run.
type Change struct {
	File File
	// Path is the host's path of File.Dest, which is relative to the root of the run.
	Path     string
	Kind     Kind
	Data     []byte
	Prints   []template.Print // of the template's actions in Data
	Mode     fs.FileMode
	UID, GID int // Keep: as the kernel sets them for a new file
	Old      txn.Existing
}

// Diff compares a rendered file with the disk. uid and gid are the configured owner, or
// Keep. An existing file keeps its mode and owner unless they are configured. In a
// directory that other users can write, they are those of a new file, because another
// user may have set them.
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

// Drifted reports whether mode or owner differ from the configured ones.
func (c Change) Drifted() bool {
	return c.Mode != c.Old.Mode || (c.UID != Keep && c.UID != c.Old.UID) || (c.GID != Keep && c.GID != c.Old.GID)
}

// Tolerated reports whether File.Permit covers every difference, which the file system
// may be unable to remove.
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

// Txn returns the change as a file of a transaction.
func (c Change) Txn() txn.File {
	return txn.File{
		Dest: c.File.Dest, Data: c.Data, Mode: c.Mode, UID: c.UID, GID: c.GID,
		Remove: c.Kind == Remove, InPlace: c.File.InPlace, Checked: !c.File.Check.IsZero(), CreateDirs: c.File.CreateDirs, Permit: c.File.Permit,
	}
}
