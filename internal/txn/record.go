package txn

import (
	"fmt"
	"path"
)

// Phase is the progress of a transaction in its journal.
type Phase string

// The phases, and what [Disk.Recover] does in each.
const (
	Idle    Phase = ""        // nothing
	Prepare Phase = "prepare" // remove what was staged
	Commit  Phase = "commit"  // restore the old files
	Done    Phase = "done"    // keep the new files, remove the old
)

// Record is a transaction in its journal: names and keyed fingerprints, no content.
type Record struct {
	Phase Phase `json:"phase,omitempty"`
	// HookPending means that files change and the hook has not succeeded since: it is
	// pending.
	HookPending bool         `json:"owed,omitempty"`
	Root        string       `json:"root,omitempty"` // as in Disk
	Files       []FileRecord `json:"files,omitempty"`
	// Dirs are the directories that the transaction creates, outermost first.
	Dirs []string `json:"dirs,omitempty"`
}

// FileRecord is one destination of a [Record].
type FileRecord struct {
	Dest string `json:"dest"`
	// Path is the destination with links followed, below Root; New and Old
	// are names in its directory.
	Path    string `json:"path"`
	New     string `json:"new"`
	Old     string `json:"old"`
	Absent  bool   `json:"absent,omitempty"` // there was none before
	InPlace bool   `json:"in_place,omitempty"`
	// Remove means that the destination is removed, and New is not used.
	Remove bool `json:"remove,omitempty"`
	// Direct means that a file is written in place in a directory that cannot be
	// written, so that there is no copy of the old one.
	Direct bool `json:"direct,omitempty"`
	// After a crash, the fingerprints of both contents show whether another program
	// has changed the file. After a reboot, when their key is gone, the inodes do;
	// 0: not known.
	NewPrint string `json:"new_print,omitempty"`
	OldPrint string `json:"old_print,omitempty"`
	NewInode uint64 `json:"new_inode,omitempty"`
	OldInode uint64 `json:"old_inode,omitempty"`
}

func (f *FileRecord) dir() string  { return path.Dir(f.Path) }
func (f *FileRecord) base() string { return path.Base(f.Path) }

// Check refuses a record that no transaction wrote, because recovery removes the files
// that it lists.
func (r Record) Check() error {
	switch r.Phase {
	case Idle, Prepare, Commit, Done:
	default:
		return fmt.Errorf("unknown phase %q in the journal", r.Phase)
	}
	for _, f := range r.Files {
		if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || !isStaged(f.New) || !isStaged(f.Old) {
			return fmt.Errorf("the journal's names for %q are not a transaction's", f.Dest)
		}
	}
	for _, d := range r.Dirs {
		if !path.IsAbs(d) || path.Clean(d) != d {
			return fmt.Errorf("the journal's directory %q is not a transaction's", d)
		}
	}
	return nil
}

// Journal stores the record of the current transaction.
type Journal interface {
	// Save replaces the record. If it returns nil, the record survives a power cut.
	// If it fails, the old or the new record is stored.
	Save(Record) error
	// Fingerprint is a digest of data under a secret key.
	Fingerprint(data []byte) string
	// Matches reports whether print is the fingerprint of data. known is false if
	// print is empty or its key is gone.
	Matches(print string, data []byte) (same, known bool)
}
