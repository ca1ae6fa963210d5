package txn

import (
	"fmt"
	"path"
)

// Phase is how far a transaction has come, as its journal says.
type Phase string

// The phases, and what [Disk.Recover] does about each.
const (
	Idle    Phase = ""        // nothing
	Prepare Phase = "prepare" // remove what was staged
	Commit  Phase = "commit"  // set the old files back
	Done    Phase = "done"    // keep the new files, remove the old
)

// Record is what the journal holds of a transaction: names and keyed
// fingerprints, no content.
type Record struct {
	Phase Phase `json:"phase,omitempty"`
	// Owed: the files change and the hook that is to be told has not
	// succeeded since.
	Owed  bool         `json:"owed,omitempty"`
	Root  string       `json:"root,omitempty"` // as in Disk
	Files []FileRecord `json:"files,omitempty"`
	// Dirs are directories that the transaction makes, outermost first.
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
	// Direct: nothing could be put beside a file that is written in place, so
	// there is no copy of the old one.
	Direct bool `json:"direct,omitempty"`
	// The fingerprints of both contents tell, after a crash, whether somebody
	// else has changed the file since. The inodes do where the key is gone
	// (a reboot); 0: not known.
	NewPrint string `json:"new_print,omitempty"`
	OldPrint string `json:"old_print,omitempty"`
	NewInode uint64 `json:"new_inode,omitempty"`
	OldInode uint64 `json:"old_inode,omitempty"`
}

func (f *FileRecord) dir() string  { return path.Dir(f.Path) }
func (f *FileRecord) base() string { return path.Base(f.Path) }

// Check refuses a record that no transaction wrote: recovery removes what it
// names.
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

// Journal keeps the record of the transaction under way.
type Journal interface {
	// Save replaces the record. When it returns nil the record survives a
	// power cut; when it fails the old or the new one may be there.
	Save(Record) error
	// Fingerprint is a digest of data under a secret key.
	Fingerprint(data []byte) string
	// Matches reports whether print is data's; known is false where print is
	// empty or was made under a key that is gone.
	Matches(print string, data []byte) (same, known bool)
}
