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

// Disk is the file system of the destinations. The zero Disk is the machine's own.
type Disk struct {
	// FS performs the operations; nil: the kernel's. Tests use one that fails,
	// forgets unsynced data, or stops at a step of [Steps].
	FS fsys.FS
	// Root is the directory below which destinations and absolute links are
	// resolved; empty: "/".
	Root string
	// Rand is the source of the names of staged files; nil: crypto/rand.
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

// locate returns the Disk and the name in it for dest. A root that does not exist yet
// contains no link that could lead out of it, so it becomes a part of the name, and
// File.CreateDirs creates it.
func (d Disk) locate(dest string) (Disk, string) {
	if d.Root == "" {
		return d, dest
	}
	p, err := fsys.OpenDir(d.fs(), "", d.Root)
	if errors.Is(err, fs.ErrNotExist) {
		dest, d.Root = d.Host(path.Join("/", dest)), ""
	}
	if err == nil {
		p.Close()
	}
	return d, dest
}

// Host returns the path of name, which is relative to Root, outside of Root.
func (d Disk) Host(name string) string { return path.Join("/", d.Root, name) }

// Existing is the present state of a destination.
type Existing struct {
	Path     string // below Root, links followed
	Exists   bool
	Data     []byte // nil where TooLarge
	TooLarge bool   // over MaxFile
	Mode     fs.FileMode
	UID, GID int
	// KeepMeta means that only root, this user and the directory's owner can write
	// the directory and those above it, so that mode and owner are trusted and kept.
	// Elsewhere a rendered file is like a new one: 0600 and this user's.
	KeepMeta bool
	// Stamp is the result of Disk.Stamp before Data was read.
	Stamp string
}

// Inspect reads dest, which is absolute. If its directory is missing, dest does not
// exist. A destination that is a directory, pipe, socket or device is a *[KindError]. A
// symbolic link in a directory that other users can write, anywhere on the path, is a
// *[fsys.LinkError].
func (d Disk) Inspect(dest string) (Existing, error) {
	d, dest = d.locate(dest)
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
		return Existing{}, kindError(d.Host(dest), st)
	case errors.Is(err, fsys.ErrTooLarge):
		e.TooLarge = true
	case err != nil:
		return Existing{}, pathError("read", d.Host(dest), err)
	}
	e.Exists, e.Data, e.Mode, e.UID, e.GID = true, data, st.Perm, st.UID, st.GID
	e.Stamp = st.Stamp()
	return e, nil
}

// Stamp returns a string that changes when content, mode or owner of dest change, or
// another file replaces it. It does not read dest. It returns "" if dest does not exist.
func (d Disk) Stamp(dest string) (string, error) {
	d, dest = d.locate(dest)
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
		return "", pathError("stat", d.Host(dest), err)
	case st.Type != 0:
		return "", kindError(d.Host(dest), st)
	}
	return st.Stamp(), nil
}

// named converts errors of package fsys into this package's.
func (d Disk) named(dest string, err error) error {
	switch {
	case errors.Is(err, unix.EISDIR):
		return &KindError{d.Host(dest), KindDirectory}
	case errors.Is(err, fsys.ErrDescriptor):
		return &KindError{d.Host(dest), KindDescriptor}
	}
	return err
}

// CheckKind returns a *[KindError] if dest exists and is not a file. It does not read it.
func (d Disk) CheckKind(dest string) error {
	_, err := d.Stamp(dest)
	if kind, ok := errors.AsType[*KindError](err); ok {
		return kind
	}
	return nil
}

// Identify returns the identity of dest, whatever its name.
func (d Disk) Identify(dest string) (fsys.Identity, error) {
	d, dest = d.locate(dest)
	p, err := fsys.Resolve(d.fs(), d.Root, dest)
	if err != nil {
		return fsys.Identity{}, err
	}
	defer p.Close()
	return p.Identity()
}

// IdentifyHost returns the identity of a path of the machine, outside of Root, with all
// links followed.
func (d Disk) IdentifyHost(name string) (fsys.Identity, error) { return fsys.Identify(d.fs(), name) }

// Repair sets mode and owner of the existing file without touching its content, syncs
// it, and reports whether anything changed: the file system may ignore what File.Permit
// allows. In a directory that other users can write it returns [ErrOthersWrite]; a
// transaction with the same content repairs the file there.
func (d Disk) Repair(file File) (changed bool, err error) {
	p, err := d.existing(file.Dest)
	if err != nil {
		return false, err
	}
	defer p.Close()
	fd, before, err := fsys.OpenRegular(d.fs(), p.Fd(), p.Base, fsys.ReadFlags)
	if before.Type != 0 {
		return false, kindError(d.Host(file.Dest), before)
	}
	if err != nil {
		return false, pathError("open", d.Host(file.Dest), err)
	}
	defer func() { err = errors.Join(err, pathError("close", d.Host(file.Dest), d.fs().Close(fd))) }()
	after, err := file.rights().set(d.fs(), fd, before)
	if err != nil {
		return false, pathError("repair", d.Host(file.Dest), err)
	}
	changed = after.Perm != before.Perm || after.UID != before.UID || after.GID != before.GID
	return changed, pathError("sync", d.Host(file.Dest), d.fs().Sync(fd))
}

// CheckRepair returns the error that [Disk.Repair] would return, as far as that is known
// without writing.
func (d Disk) CheckRepair(file File) error {
	p, err := d.existing(file.Dest)
	if err != nil {
		return err
	}
	defer p.Close()
	st, err := d.fs().StatAt(p.Fd(), p.Base)
	if err != nil {
		return pathError("repair", d.Host(file.Dest), err)
	}
	r := file.rights()
	own, errOwn := d.fs().Traits(p.Fd(), p.Base)
	switch {
	case errors.Is(d.fs().Writable(p.Fd(), p.Base), unix.EROFS):
		err = unix.EROFS
	case errOwn == nil && own.Fixed && (r.mode != st.Perm && !r.permit.Mode || r.otherOwner(st) && !r.permit.Owner):
		err = ErrFixed
	default:
		err = r.feasible(d.fs(), st)
	}
	return pathError("repair", d.Host(file.Dest), err)
}

// existing opens the directory of a file that Repair may change.
func (d Disk) existing(dest string) (*fsys.ResolvedPath, error) {
	p, err := fsys.Resolve(d.fs(), d.Root, dest)
	switch {
	case err != nil:
		return nil, d.named(dest, err)
	case len(p.Missing) > 0:
		err = fs.ErrNotExist
	case !p.Trusted():
		err = ErrOthersWrite
	default:
		return p, nil
	}
	p.Close()
	return nil, pathError("repair", d.Host(dest), err)
}
