package txn

import (
	"errors"
	"io/fs"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Errors that callers branch on, wrapped with the path. Other errors are the kernel's, as
// *fs.PathError.
var (
	// ErrNoDirectory: the directory is missing and File.CreateDirs is not set.
	ErrNoDirectory = errors.New("directory does not exist")
	// ErrMountPoint: the destination is itself mounted (a container's bind mount),
	// so that nothing can be renamed over it. File.InPlace writes to it.
	ErrMountPoint = errors.New("is a mount point")
	// ErrFixed: not even root can replace the file, or a file in the directory.
	ErrFixed = errors.New("is immutable or append-only")
	// ErrInterfered: another process replaced a staged file or moved its directory.
	ErrInterfered = errors.New("replaced by another process during the run")
	// ErrAltered: a check or verify changed a file that it was given to read.
	ErrAltered = errors.New("the command changed a file that it may only read")
	// ErrStagedGone: while a check ran, its staged file was removed or replaced.
	ErrStagedGone = errors.New("the staged file was removed or replaced while the command ran, and it may only be read")
	// ErrTwice: two destinations of one transaction are the same file.
	ErrTwice = errors.New("same file as another destination")
	// ErrOthersWrite: the file would be changed in place, in a directory that other users
	// can write. They could link a file from elsewhere there, and remove the link between
	// two checks. Replacing the file changes nothing outside the directory.
	ErrOthersWrite = errors.New("is in a directory that others can write")
)

// KindError reports a destination that is not a file.
type KindError struct {
	Path string
	Kind string // one of the kinds below
}

// Kinds of destinations that are not files.
const (
	KindDirectory  = "a directory"
	KindPipe       = "a named pipe"
	KindSocket     = "a socket"
	KindDevice     = "a device"
	KindDescriptor = "an open descriptor" // /dev/stdout, /dev/fd/N
)

func (e *KindError) Error() string { return e.Path + " is " + e.Kind + ", not a file" }

func kindError(path string, st fsys.Stat) error {
	kind := "something else"
	switch {
	case st.Type&fs.ModeDir != 0:
		kind = KindDirectory
	case st.Type&fs.ModeNamedPipe != 0:
		kind = KindPipe
	case st.Type&fs.ModeSocket != 0:
		kind = KindSocket
	case st.Type&fs.ModeDevice != 0:
		kind = KindDevice
	case st.IsLink():
		kind = "a symbolic link"
	}
	return &KindError{path, kind}
}

// pathError adds an operation and a path to err; nil stays nil.
func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
