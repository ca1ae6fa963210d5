// Package txn changes the files of one job together: all of them become new,
// or all stay old, a kill -9 and a power cut included.
//
// A transaction is driven by its caller:
//
//	t, err := disk.Prepare(ctx, journal, files) // staged beside each destination, nothing visible
//	...check each t.Staged(dest); t.Rollback(false) where one is refused
//	err = t.Commit(ctx, owed)                   // every destination is new; the hook is owed from before the first rename
//	...verify; t.Rollback(false) where it refuses
//	err = t.Done()                              // the old files are gone, there is no way back
//	...hooks; then the caller journals idle     // state.Job.Update with Record.Paid or Record.HookFailed
//
// Where a step returns an error, it has already set back what can be set back.
// The next run calls [Disk.Recover] with the journalled [Record] before
// anything else: it undoes, never redoes, and may itself be killed.
//
// Files are named on open directories and never through a path that somebody
// else could redirect; package fsys says who counts as somebody else.
package txn

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// MaxFile is the largest file, in bytes, that is read or staged. An existing
// destination that is larger counts as different from anything rendered.
const MaxFile = 64 << 20

// Disk is where destinations are. The zero Disk is the machine's file system.
type Disk struct {
	// FS performs the operations; nil: the kernel's. Tests put one here that
	// fails, forgets what was not synced, or stops at a labelled step.
	FS fsys.FS
	// Root is the directory that destinations, and absolute links among
	// them, are below; empty: "/".
	Root string
	// Rand makes the names of staged files; nil: crypto/rand.
	Rand io.Reader
}

// File is what a destination becomes.
type File struct {
	Dest string // absolute
	Data []byte // not changed while the transaction lasts
	Mode fs.FileMode
	// UID and GID own the file; -1 leaves what the kernel gives a new file.
	UID, GID int
	// InPlace writes through the existing inode (a bind-mounted file cannot
	// be renamed over). A reader can see it half written; a crash is undone
	// from a copy. A destination that does not exist is staged as others are.
	InPlace bool
	// CreateDirs makes missing parents, mode 0755.
	CreateDirs bool
}

// Phase is how far a transaction has come, as its journal says.
type Phase string

// The phases, and what [Disk.Recover] does about each.
const (
	Idle    Phase = ""        // nothing
	Prepare Phase = "prepare" // remove what was staged
	Commit  Phase = "commit"  // set the old files back
	Done    Phase = "done"    // keep the new files, remove the old
)

// Record is what the journal holds of a transaction: names and keyed digests,
// no content.
type Record struct {
	Phase Phase `json:"phase,omitempty"`
	// Owed: the files changed and the hook that is told has not succeeded.
	Owed  bool         `json:"owed,omitempty"`
	Root  string       `json:"root,omitempty"`
	Files []FileRecord `json:"files,omitempty"`
	// Dirs are directories that this transaction makes, outermost first.
	Dirs []string `json:"dirs,omitempty"`
}

// FileRecord is one destination of a [Record].
type FileRecord struct {
	Dest string `json:"dest"`
	// Path is the destination with links followed; New and Old are names in
	// its directory.
	Path    string `json:"path"`
	New     string `json:"new"`
	Old     string `json:"old"`
	Absent  bool   `json:"absent,omitempty"` // there was none before
	InPlace bool   `json:"in_place,omitempty"`
	// NewPrint and OldPrint are keyed fingerprints of the contents, Inode is
	// the staged file's: it decides where the key is gone.
	NewPrint string `json:"new_print,omitempty"`
	OldPrint string `json:"old_print,omitempty"`
	Inode    uint64 `json:"inode,omitempty"`
}

// Journal keeps the record of the transaction under way.
type Journal interface {
	// Save replaces the record. When it returns nil the record survives a
	// power cut; when it fails the old or the new one may be there.
	Save(Record) error
	// Fingerprint is a digest of data under a secret key.
	Fingerprint(data []byte) string
	// Matches reports whether print is data's; known is false where print was
	// made under a key that is gone.
	Matches(print string, data []byte) (same, known bool)
}

// Errors that callers branch on. They are wrapped with the path.
var (
	// ErrNoDirectory: the destination's directory is missing and may not be made.
	ErrNoDirectory = errors.New("directory does not exist")
	// ErrMountPoint: the destination is itself mounted (a container's bind
	// mount), so that nothing can be renamed over it; File.InPlace can.
	ErrMountPoint = errors.New("is a mount point")
	// ErrInterfered: somebody replaced a staged file. Nothing was installed.
	ErrInterfered = errors.New("staged file was replaced by somebody else")
	// ErrTwice: two destinations of one transaction are the same file.
	ErrTwice = errors.New("same file as another destination")
	// ErrHardLinked: the file has other names, in a directory that somebody
	// else can write, so that changing it in place could reach outside.
	ErrHardLinked = errors.New("has other hard links in a directory that others can write")
)

// KindError: the destination is something that is never replaced.
type KindError struct {
	Path string
	Kind string // "a directory", "a named pipe", "a socket", "a device"
}

func (e *KindError) Error() string { return e.Path + " is " + e.Kind + ", not a file" }

// Existing is what stands at a destination.
type Existing struct {
	Path     string // links followed
	Exists   bool
	Data     []byte // nil where TooLarge
	TooLarge bool   // over MaxFile
	Mode     fs.FileMode
	UID, GID int
	// KeepMeta: only root, we and the directory's owner can write the
	// directory and those above it, so that mode and owner may be believed
	// and kept. Elsewhere a rendered file is as new: 0600 and ours.
	KeepMeta bool
}

// Inspect looks at dest. A missing directory is no error: nothing exists. A
// destination that is a directory, pipe, socket or device is a *[KindError];
// a link in a directory that somebody else can write is a *[fsys.LinkError].
func (d Disk) Inspect(dest string) (Existing, error) {
	return Existing{}, errors.ErrUnsupported
}

// Repair gives an existing file the stated mode and owner (-1: as it is)
// without touching its content, and syncs it.
func (d Disk) Repair(dest string, mode fs.FileMode, uid, gid int) error {
	return errors.ErrUnsupported
}

// Txn is one transaction. It is not safe for concurrent use.
type Txn struct{}

// Prepare journals the names and stages every file beside its destination:
// exclusively, 0600, owner and mode before the bytes, then synced. On error
// everything staged is removed again.
func (d Disk) Prepare(ctx context.Context, j Journal, files []File) (*Txn, error) {
	return nil, errors.ErrUnsupported
}

// Staged returns the path of the staged file of dest, for a check to read. It
// is valid until Commit.
func (t *Txn) Staged(dest string) string { return "" }

// Commit journals that the change is under way (and, where owes, that the
// hook is owed), then installs every file. On error the old files are back;
// where that failed too the error says so, and Recover finishes it.
func (t *Txn) Commit(ctx context.Context, owes bool) error { return errors.ErrUnsupported }

// Rollback removes what was staged or, after Commit, sets the old files back:
// content, mode, owner and absence. The journal is idle afterwards; owed says
// whether the hook is owed all the same.
func (t *Txn) Rollback(owed bool) error { return errors.ErrUnsupported }

// Done gives the old files up. The journal says done, and owed as at Commit,
// until the caller has seen to the hook and journals idle. After an error the
// caller does neither: the next run recovers.
func (t *Txn) Done() error { return errors.ErrUnsupported }

// Recovered says what Recover found and did.
type Recovered struct {
	Phase    Phase // how far the crashed transaction had come; Idle: there was none
	Owed     bool  // the hook is owed
	Restored []string
	Left     []Left
}

// Left is a destination that was not set back.
type Left struct {
	Dest string
	Why  string // "changed since", "directory is gone", ...
}

// Recover undoes the transaction that r records and journals idle with what
// is owed. It may be repeated, and be interrupted anywhere.
func (d Disk) Recover(ctx context.Context, r Record, j Journal) (Recovered, error) {
	return Recovered{}, errors.ErrUnsupported
}

// NewMemory returns a journal for runs that have no state directory: it
// forgets all when the process ends, so nothing undoes a crash.
func NewMemory() Journal { return nil }
