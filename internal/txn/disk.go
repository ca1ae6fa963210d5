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

// settle returns the Disk and the name in it by which dest is found. A root that
// does not exist yet holds no link that could lead out of it, so that its name
// may stand in front; what File.CreateDirs makes starts above it.
func (d Disk) settle(dest string) (Disk, string) {
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

// Host is the path of name, which is below Root, as others see it.
func (d Disk) Host(name string) string { return path.Join("/", d.Root, name) }

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
	d, dest = d.settle(dest)
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

// Stamp tells without reading dest whether it is what it was: while the string
// stays the same, nobody has changed its content, mode or owner, or put another
// file there. It is empty where no file stands.
func (d Disk) Stamp(dest string) (string, error) {
	d, dest = d.settle(dest)
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

// named turns the errors of a walk into this package's.
func (d Disk) named(dest string, err error) error {
	switch {
	case errors.Is(err, unix.EISDIR):
		return &KindError{d.Host(dest), KindDirectory}
	case errors.Is(err, fsys.ErrDescriptor):
		return &KindError{d.Host(dest), KindDescriptor}
	}
	return err
}

// CheckKind reports that dest can be no file: a *[KindError]. It reads nothing.
func (d Disk) CheckKind(dest string) error {
	_, err := d.Stamp(dest)
	if kind, ok := errors.AsType[*KindError](err); ok {
		return kind
	}
	return nil
}

// Identify finds out which file dest is, whatever its name.
func (d Disk) Identify(dest string) (fsys.Identity, error) {
	d, dest = d.settle(dest)
	p, err := fsys.Resolve(d.fs(), d.Root, dest)
	if err != nil {
		return fsys.Identity{}, err
	}
	defer p.Close()
	return p.Identity()
}

// IdentifyHost finds out which file a path of the machine is, as it is read:
// not below Root, and with all links followed.
func (d Disk) IdentifyHost(name string) (fsys.Identity, error) { return fsys.Identify(d.fs(), name) }

// Repair gives the existing file its mode and owner without touching its
// content, syncs it, and reports whether that changed anything: a file system
// may ignore what File.Permit names. It works only in a directory that nobody
// but root and we can write; elsewhere ([ErrOthersWrite]) a transaction with the
// same content does it.
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

// CheckRepair reports what [Disk.Repair] would fail for, as far as that can be
// told without writing.
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

// existing is the place of a file that Repair may touch.
func (d Disk) existing(dest string) (*fsys.Place, error) {
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
