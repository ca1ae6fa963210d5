package state

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Options are the directories of the state, and how to use them.
type Options struct {
	Dir string // absolute
	// Runtime is the directory of the fingerprints' key, which a reboot clears
	// (/run/credrender). Open creates it with mode 0700. If it is empty or unusable,
	// the next run knows none of this run's fingerprints.
	Runtime string
	// Machine is the instance or machine id. State of another machine is not trusted.
	Machine string
	// ReadOnly creates and changes nothing (plan, status, lint). A missing directory
	// then counts as empty.
	ReadOnly bool

	FS   fsys.FS   // nil: the kernel's
	Rand io.Reader // nil: crypto/rand
}

// Dir is an open state directory. Its methods are not safe for concurrent use.
type Dir struct {
	o     Options
	fd    int // -1: ReadOnly, and there is none
	print printer
	// together is true within Together, which syncs at its end if something was written.
	together, written bool
}

// Open opens the state directory and creates it with mode 0700 if it is missing. It fails
// with [ErrNotWritable], [ErrUnreadable] or [ErrUntrusted]. It does not read the files.
func Open(o Options) (*Dir, error) {
	if o.FS == nil {
		o.FS = fsys.OS{}
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	fd, err := openDir(o)
	if err != nil {
		return nil, fmt.Errorf("open state directory: %w", err)
	}
	d := &Dir{o: o, fd: fd}
	if d.print, err = loadPrinter(o); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// openDir returns -1 for a missing directory with ReadOnly.
func openDir(o Options) (int, error) {
	p, err := openOrMake(o, o.Dir)
	if o.ReadOnly && errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	}
	if err != nil {
		return -1, unusable(o, err)
	}
	defer p.Close()
	fd, err := p.Open()
	if err != nil {
		return -1, unusable(o, err)
	}
	if err = private(o.FS, fd, o.Dir); err == nil && !o.ReadOnly {
		err = probe(o, fd)
	}
	if err != nil {
		_ = o.FS.Close(fd)
		return -1, err
	}
	return fd, nil
}

// openOrMake opens a directory, and creates it unless o.ReadOnly is set.
func openOrMake(o Options, dir string) (*fsys.ResolvedPath, error) {
	if o.ReadOnly {
		return fsys.OpenDir(o.FS, "", dir)
	}
	if p, err := fsys.Resolve(o.FS, "", dir); err == nil { // /proc answers a mkdir with "not found"
		_, err = o.FS.Room(p.Fd())
		p.Close()
		if errors.Is(err, fsys.ErrKernelFS) {
			return nil, &fs.PathError{Op: "mkdir", Path: dir, Err: err}
		}
	}
	return fsys.MakeAll(o.FS, "", dir, 0o700)
}

// private refuses a directory that other users can write.
func private(f fsys.FS, fd int, dir string) error {
	st, err := f.Stat(fd)
	if err != nil {
		return &fs.PathError{Op: "stat", Path: dir, Err: err}
	}
	if st.UID != f.Euid() || st.Perm&0o022 != 0 {
		return fmt.Errorf("%w: %s has owner %d and mode %04o", ErrUntrusted, dir, st.UID, st.Perm)
	}
	return nil
}

// probe creates the lock file, which every run needs, to find out whether the directory
// can be written.
func probe(o Options, dir int) error {
	fd, err := o.FS.Open(dir, lockName, unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		return notWritable(&fs.PathError{Op: "open", Path: path.Join(o.Dir, lockName), Err: err})
	}
	return errors.Join(o.FS.Close(fd), o.allows(dir))
}

// allows returns why no file can be created in an open directory, or nil.
func (o Options) allows(dir int) error {
	err := o.FS.Writable(dir, ".")
	if in, errIn := o.FS.Traits(dir, "."); err == nil && errIn == nil && in.Fixed {
		err = unix.EPERM
	}
	room, errRoom := o.FS.Room(dir)
	switch {
	case err != nil:
	case errors.Is(errRoom, fsys.ErrKernelFS):
		err = errRoom
	case errRoom == nil && room == 0:
		err = unix.ENOSPC
	}
	if err != nil {
		err = &fs.PathError{Op: "write", Path: o.Dir, Err: err}
	}
	return notWritable(err)
}

// Writable reports why a run could not write to the directory, which is open
// for reading alone. It tries nothing. Errors other than [ErrNotWritable] would end
// any run.
func (d *Dir) Writable() error {
	if d.fd < 0 {
		p, err := fsys.Resolve(d.o.FS, "", d.o.Dir)
		if err != nil {
			return notWritable(err)
		}
		defer p.Close()
		return d.o.allows(p.Fd())
	}
	err := d.o.allows(d.fd)
	if err == nil {
		err = d.o.FS.Writable(d.fd, lockName)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return notWritable(err)
}

// unusable wraps the error of a directory that cannot be opened: ErrUnreadable with
// ReadOnly, else ErrNotWritable.
func unusable(o Options, err error) error {
	if o.ReadOnly {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return notWritable(err)
}

// Missing reports whether there is no directory, which only ReadOnly permits.
func (d *Dir) Missing() bool { return d.fd < 0 }

func notWritable(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) || errors.Is(err, fsys.ErrKernelFS) {
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	return err
}

// Close releases the directory. It does not release a [Lock].
func (d *Dir) Close() error {
	if d.fd < 0 {
		return nil
	}
	return d.o.FS.Close(d.fd)
}

// read returns the content of a file of the directory, or fs.ErrNotExist.
func (d *Dir) read(name string) ([]byte, error) {
	if d.fd < 0 {
		return nil, fs.ErrNotExist
	}
	data, st, err := fsys.ReadFile(d.o.FS, d.fd, name, maxState)
	if uid := d.o.FS.Euid(); err == nil && (st.UID != uid && st.UID != 0 || st.Perm&0o022 != 0) {
		err = fmt.Errorf("it has owner %d and mode %04o: other users may have access", st.UID, st.Perm)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path.Join(d.o.Dir, name), Err: err}
	}
	return data, nil
}

// write replaces a file of the directory. The change is durable on return, or, within
// Together, when that returns.
func (d *Dir) write(name string, data []byte) error {
	if d.o.ReadOnly {
		return ErrNotWritable
	}
	err := fsys.Replace(d.o.FS, d.fd, name, tmpPrefix+name, "state", data)
	if d.written = true; err == nil && !d.together {
		err = fsys.SyncDir(d.o.FS, d.fd)
	}
	if err != nil {
		return &fs.PathError{Op: "write", Path: path.Join(d.o.Dir, name), Err: err}
	}
	return nil
}

// Together calls do, and then syncs the directory once for all that do has written. Each
// file is whole at every instant, as always, and durable when Together returns nil. It is
// for the results of a run: nothing that do writes may have to be durable before
// something else that it does.
func (d *Dir) Together(do func()) error {
	d.together, d.written = true, false
	do()
	if d.together = false; !d.written {
		return nil
	}
	if err := fsys.SyncDir(d.o.FS, d.fd); err != nil {
		return &fs.PathError{Op: "sync", Path: d.o.Dir, Err: err}
	}
	return nil
}

// remove removes a file of the directory durably. A missing file is not an error.
func (d *Dir) remove(name string) error {
	if d.o.ReadOnly {
		return ErrNotWritable
	}
	err := d.o.FS.Unlink(d.fd, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = fsys.SyncDir(d.o.FS, d.fd)
	}
	if err != nil {
		return &fs.PathError{Op: "remove", Path: path.Join(d.o.Dir, name), Err: err}
	}
	return nil
}

const (
	maxState  = 64 << 20 // bytes of one file; 10,000 lookups take about 3 MiB
	tmpPrefix = ".tmp-"
)

// Steps returns the labels of all steps, so that tests can crash at each.
func Steps() []string {
	out := []string{"lock.taken"}
	for _, s := range fsys.ReplaceSteps() {
		out = append(out, "state"+s)
	}
	return out
}
