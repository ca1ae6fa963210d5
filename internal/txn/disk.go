package txn

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// MaxFile is the largest file, in bytes, that is read or staged. An existing
// destination that is larger counts as different from anything rendered.
const MaxFile = 64 << 20

// Disk is where destinations are. The zero Disk is the machine's file system.
type Disk struct {
	// FS performs the operations; nil: the kernel's. Tests put one here that
	// fails, forgets what was not synced, or stops at a step of [Steps].
	FS fsys.FS
	// Root is the directory that destinations, and absolute links among
	// them, are below; empty: "/".
	Root string
	// Rand makes the names of staged files; nil: crypto/rand.
	Rand io.Reader
}

func (d Disk) fs() fsys.FS {
	if d.FS == nil {
		return fsys.OS{}
	}
	return d.FS
}

func (d Disk) rand() io.Reader {
	if d.Rand == nil {
		return rand.Reader
	}
	return d.Rand
}

// host is the path of name, which is below Root, as others see it.
func (d Disk) host(name string) string { return path.Join("/", d.Root, name) }

// Existing is what stands at a destination.
type Existing struct {
	Path     string // below Root, links followed
	Exists   bool
	Data     []byte // nil where TooLarge
	TooLarge bool   // over MaxFile
	Mode     fs.FileMode
	UID, GID int
	// KeepMeta: only root, we and the directory's owner can write the
	// directory and those above it, so that mode and owner may be believed
	// and kept. Elsewhere a rendered file is as new: 0600 and ours.
	KeepMeta bool
	// Stamp is Disk.Stamp as it was before Data was read.
	Stamp string
}

// Inspect looks at dest, which is absolute. A missing directory is no error:
// nothing exists. A destination that is a directory, pipe, socket or device is
// a *[KindError]; a link in a directory that somebody else can write, also on
// the way, is a *[fsys.LinkError].
func (d Disk) Inspect(dest string) (Existing, error) {
	p, err := fsys.Resolve(d.fs(), d.Root, dest)
	if err != nil {
		return Existing{}, d.named(dest, err)
	}
	defer p.Close()
	e := Existing{Path: p.Path(), KeepMeta: p.Private()}
	if len(p.Missing) > 0 {
		return e, nil
	}
	data, st, err := fsys.ReadFile(d.fs(), p.Fd(), p.Base, MaxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e, nil
	case st.Type != 0:
		return Existing{}, kindError(dest, st)
	case errors.Is(err, fsys.ErrTooLarge):
		e.TooLarge = true
	case err != nil:
		return Existing{}, pathError("read", dest, err)
	}
	e.Exists, e.Data, e.Mode, e.UID, e.GID = true, data, st.Perm, st.UID, st.GID
	e.Stamp = st.Stamp()
	return e, nil
}

// Stamp tells without reading dest whether it is what it was: while the string
// stays the same, nobody has changed its content, mode or owner, or put another
// file there. It is empty where no file stands.
func (d Disk) Stamp(dest string) (string, error) {
	p, err := fsys.Resolve(d.fs(), d.Root, dest)
	if err != nil {
		return "", d.named(dest, err)
	}
	defer p.Close()
	if len(p.Missing) > 0 {
		return "", nil
	}
	st, err := d.fs().StatAt(p.Fd(), p.Base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", pathError("stat", dest, err)
	case st.Type != 0:
		return "", kindError(dest, st)
	}
	return st.Stamp(), nil
}

// named turns the errors of a walk into this package's.
func (d Disk) named(dest string, err error) error {
	if errors.Is(err, unix.EISDIR) {
		return &KindError{dest, "a directory"}
	}
	return err
}

// Repair gives the existing file dest the mode and owner stated (-1: as it
// is) without touching its content, and syncs it. It does so only in a
// directory that nobody but root and we can write; elsewhere ([ErrOthersWrite])
// a transaction with the same content does it.
func (d Disk) Repair(dest string, mode fs.FileMode, uid, gid int) (err error) {
	p, err := fsys.Resolve(d.fs(), d.Root, dest)
	if err != nil {
		return d.named(dest, err)
	}
	defer p.Close()
	if len(p.Missing) > 0 {
		return pathError("repair", dest, fs.ErrNotExist)
	}
	if !p.Trusted() {
		return pathError("repair", dest, ErrOthersWrite)
	}
	fd, st, err := fsys.OpenRegular(d.fs(), p.Fd(), p.Base, fsys.ReadFlags)
	if st.Type != 0 {
		return kindError(dest, st)
	}
	if err != nil {
		return pathError("open", dest, err)
	}
	defer func() { err = errors.Join(err, pathError("close", dest, d.fs().Close(fd))) }()
	if err := setMeta(d.fs(), fd, st, mode, uid, gid); err != nil {
		return pathError("repair", dest, err)
	}
	return pathError("sync", dest, d.fs().Sync(fd))
}

// setMeta gives the open file the mode and owner. Owner first, since that
// clears bits of the mode; neither where it is right already, since only the
// owner may and only root may give away.
func setMeta(f fsys.FS, fd int, st fsys.Stat, mode fs.FileMode, uid, gid int) error {
	if uid >= 0 && uid != st.UID || gid >= 0 && gid != st.GID {
		if err := f.Chown(fd, uid, gid); err != nil {
			return err
		}
	}
	if mode.Perm() == st.Perm {
		return nil
	}
	return f.Chmod(fd, mode)
}
