package txn

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// File is the new state of a destination.
type File struct {
	Dest string // absolute
	Data []byte // must not change during the transaction
	Mode fs.FileMode
	// UID and GID own the file; -1 keeps the id that the kernel sets for a new file.
	UID, GID int
	Permit   Permit
	// InPlace writes to the existing inode, because nothing can be renamed over a
	// bind-mounted file. Readers can see it half written. Recovery restores it from
	// a copy beside it, or not at all if the directory cannot be written. InPlace is
	// refused in a directory that other users can write, and has no effect if the
	// destination does not exist.
	InPlace bool
	// Checked means that a program reads the staged file. Its name then keeps the
	// destination's extension. Other staged files have none, so that no program picks
	// them up.
	Checked bool
	// CreateDirs creates missing parent directories with mode 0755.
	CreateDirs bool
	// Remove removes the destination, which must exist. The other fields except Dest are
	// ignored.
	Remove bool
}

// Txn is one transaction. Done or Rollback ends it. It is not safe for concurrent use.
type Txn struct {
	disk  Disk
	given Disk // as the caller passed it: Staged takes its names
	fs    fsys.FS
	j     Journal
	rec   Record
	dirs  openDirs
	files []*staged          // as rec.Files
	dests map[string]*staged // by their paths outside of Root
	need  map[uint64]int64   // bytes to write, by device
	ended bool
}

// staged is a file with its open directory.
type staged struct {
	File
	rec   *FileRecord // in Txn.rec
	dir   *openDir    // nil until its directory exists
	inode fsys.Stat   // of the staged file
	// fd is the staged file, held open in a directory that others can write: while it is
	// open, no other file can get its inode number. For a file in memory it is the file
	// itself. -1: it is not open.
	fd int
	// memory is the path of the in-memory staged file of a Direct and Checked file.
	memory string
	// old is the content of a Direct file before the change, and its metadata.
	old     []byte
	oldStat fsys.Stat
	// installed means that the destination may no longer be the old file.
	installed bool
}

// shown returns a destination for messages, with the file that is written if links lead
// there: the cause of an error is at that one.
func (t *Txn) shown(s *staged) string {
	dest, real := t.disk.Host(s.Dest), t.disk.Host(s.rec.Path)
	if s.rec.Path == "" || real == dest {
		return dest
	}
	return dest + " -> " + real
}

// errEnded reports a call of a step in the wrong order.
var errEnded = errors.New("transaction has ended")

// Staged returns the path of the staged file of dest, for a check to read, or "" if
// dest is not in this transaction. The path is valid until Commit.
func (t *Txn) Staged(dest string) string {
	switch f := t.dests[t.given.Host(dest)]; {
	case f == nil, f.Remove:
		return ""
	case f.rec.Direct:
		return f.memory
	default:
		return t.disk.Host(path.Join(f.rec.dir(), f.rec.New))
	}
}

// save writes the record to the journal.
func (t *Txn) save(phase Phase, pending bool) error {
	t.rec.Phase, t.rec.HookPending = phase, pending
	if err := t.j.Save(t.rec); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// end closes files and directories.
func (t *Txn) end() {
	t.ended = true
	for _, s := range t.files {
		if s.fd >= 0 {
			_ = t.fs.Close(s.fd)
		}
	}
	t.dirs.close()
}

// Steps returns the labels of all steps, so that tests can crash at each.
func Steps() []string {
	return []string{
		"prepare.journaled", "prepare.directories", "prepare.created", "prepare.staged",
		"commit.kept", "commit.synced", "commit.journaled", "commit.installed", "commit.done",
		"done.journaled", "done.removed", "done.synced",
		"undo.restored", "undo.file", "undo.synced", "recover.begin", "recover.end",
	}
}
