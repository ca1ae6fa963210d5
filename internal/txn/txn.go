package txn

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// File is what a destination becomes.
type File struct {
	Dest string // absolute
	Data []byte // not changed while the transaction lasts
	Mode fs.FileMode
	// UID and GID own the file; -1 leaves what the kernel gives a new file.
	UID, GID int
	Permit   Permit
	// InPlace writes through the existing inode (a bind-mounted file cannot
	// be renamed over). A reader can see it half written. A crash is undone
	// from a copy beside it, or not at all if the directory cannot be written.
	// Refused in a directory that others can write. A destination that does not
	// exist is staged and renamed as others are.
	InPlace bool
	// Checked: a program reads the staged file, so that its name keeps the
	// destination's extension. Otherwise it does not, so that nothing picks it up.
	Checked bool
	// CreateDirs makes missing parents, mode 0755.
	CreateDirs bool
}

// Txn is one transaction, to be ended by Done or Rollback. It is not safe for
// concurrent use.
type Txn struct {
	disk  Disk
	given Disk // by the caller, whose names Staged takes
	fs    fsys.FS
	j     Journal
	rec   Record
	dirs  openDirs
	files []*staged        // as rec.Files
	need  map[uint64]int64 // bytes to write, by device
	ended bool
}

// staged is a file with where it goes.
type staged struct {
	File
	rec   *FileRecord // in Txn.rec
	dir   *openDir    // nil until its directory exists
	inode fsys.Stat   // of the staged file
	// fd is the staged file, held open in a directory that others can write:
	// only as long as it is open no other file can get its inode number. It is
	// also what memory is the path of. Else -1.
	fd int
	// memory is the path of the staged file of a Direct one, if it is Checked.
	memory string
	// old is what a Direct file held, and was.
	old     []byte
	oldStat fsys.Stat
	// installed: the destination is, or may be, no longer the old file.
	installed bool
}

// errEnded: the caller called a step that the transaction is past.
var errEnded = errors.New("transaction has ended")

// Staged returns the path of the staged file of dest, for a check to read, or
// "" where dest is not of this transaction. It is valid until Commit.
func (t *Txn) Staged(dest string) string {
	for _, f := range t.files {
		if t.disk.Host(f.Dest) == t.given.Host(dest) {
			if f.rec.Direct {
				return f.memory
			}
			return t.disk.Host(path.Join(f.rec.dir(), f.rec.New))
		}
	}
	return ""
}

// save journals the record as it stands.
func (t *Txn) save(phase Phase, owed bool) error {
	t.rec.Phase, t.rec.Owed = phase, owed
	if err := t.j.Save(t.rec); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// end releases the directories.
func (t *Txn) end() {
	t.ended = true
	for _, s := range t.files {
		if s.fd >= 0 {
			_ = t.fs.Close(s.fd)
		}
	}
	t.dirs.close()
}

// Steps returns the labels of the points where a crash is interesting, for
// harnesses that stop at each.
func Steps() []string {
	return []string{
		"prepare.journaled", "prepare.directories", "prepare.created", "prepare.staged",
		"commit.kept", "commit.synced", "commit.journaled", "commit.installed", "commit.done",
		"done.journaled", "done.removed", "done.synced",
		"undo.restored", "undo.file", "undo.synced", "recover.begin", "recover.end",
	}
}
