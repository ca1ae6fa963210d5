package fsys

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// ErrTooLarge reports a file beyond the limit of [ReadFile].
var ErrTooLarge = errors.New("file is too large")

// ReadFlags open an existing file without waiting for a pipe's other end.
const ReadFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY

// OpenRegular opens name in dir if it is a regular file. Otherwise it returns EINVAL, and
// a Stat with the type.
func OpenRegular(f FS, dir int, name string, flags int) (int, Stat, error) {
	// Check first, because opening a device can have effects
	st, err := f.StatAt(dir, name)
	if err != nil || st.Type != 0 {
		return -1, st, cmp.Or(err, error(unix.EINVAL))
	}
	fd, err := f.Open(dir, name, flags, 0)
	if err != nil {
		return -1, st, err
	}
	if st, err = f.Stat(fd); err != nil || st.Type != 0 {
		_ = f.Close(fd)
		return -1, st, cmp.Or(err, error(unix.EINVAL))
	}
	return fd, st, nil
}

// ReadFile reads a regular file of at most limit bytes, else [ErrTooLarge].
func ReadFile(f FS, dir int, name string, limit int64) ([]byte, Stat, error) {
	fd, st, err := OpenRegular(f, dir, name, ReadFlags)
	if err != nil {
		return nil, st, err
	}
	defer func() { _ = f.Close(fd) }()
	if st.Size > limit {
		return nil, st, ErrTooLarge
	}
	data, err := readAll(f, fd, st.Size, limit)
	return data, st, err
}

func readAll(f FS, fd int, size, limit int64) ([]byte, error) {
	data := make([]byte, 0, size+1) // one byte more, to see the end in one read
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(fd, data[len(data):cap(data)])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return data, nil
		}
		if data = data[:len(data)+n]; int64(len(data)) > limit {
			return nil, ErrTooLarge // it grew while being read
		}
	}
}

// WriteAll writes data, however many calls it takes.
func WriteAll(f FS, fd int, data []byte) error {
	for len(data) > 0 {
		n, err := f.Write(fd, data)
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// Replace writes data to name in the open directory dir, with mode 0600. After a crash,
// name is the whole old or the whole new file; it is the new one for good when the caller
// has synced the directory ([SyncDir]). tmp is a name that only the caller uses; Replace
// removes what a crash left there. Steps are labelled with label and a suffix of
// [ReplaceSteps].
func Replace(f FS, dir int, name, tmp, label string, data []byte) error {
	if err := f.Unlink(dir, tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := create(f, dir, tmp, data); err != nil {
		return errors.Join(err, ignoreMissing(f.Unlink(dir, tmp)))
	}
	f.Step(label + ".written")
	if err := f.Rename(dir, tmp, name); err != nil {
		return errors.Join(err, f.Unlink(dir, tmp))
	}
	f.Step(label + ".renamed")
	return nil
}

// ReplaceSteps returns the suffixes of the labels that [Replace] steps on.
func ReplaceSteps() []string { return []string{".written", ".renamed"} }

func create(f FS, dir int, name string, data []byte) (err error) {
	fd, err := f.Open(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(fd)) }()
	if err := WriteAll(f, fd, data); err != nil {
		return err
	}
	return f.Sync(fd)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// SyncDir syncs an open directory. It ignores EINVAL, which some FUSE and CIFS file
// systems return because they cannot sync a directory.
func SyncDir(f FS, dir int) error {
	if err := f.Sync(dir); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}

// MakeAll opens the directory dir. It creates dir and missing parents durably, with mode
// perm.
func MakeAll(f FS, root, dir string, perm fs.FileMode) (*ResolvedPath, error) {
	p, err := walk(f, root, dir, true)
	if err != nil {
		return nil, err
	}
	for len(p.Missing) > 0 && err == nil {
		var parent int
		if parent, err = p.Open(); err == nil {
			_, err = p.MakeDir(perm)
			err = errors.Join(err, SyncDir(f, parent), f.Close(parent))
		}
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// MakeDir creates the first missing directory of p with perm and enters it. It returns
// the directory's path, also with an error, or "" if another process created it meanwhile.
func (p *ResolvedPath) MakeDir(perm fs.FileMode) (made string, err error) {
	full := path.Join(p.Dir, p.Missing[0])
	err = p.FS.Mkdir(p.fd, p.Missing[0], perm)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", &fs.PathError{Op: "mkdir", Path: full, Err: err}
	}
	if err == nil {
		made = full
	}
	fd, err := p.FS.Open(p.fd, p.Missing[0], unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return made, &fs.PathError{Op: "open", Path: full, Err: err}
	}
	st, err := p.FS.Stat(fd)
	// The umask may have removed bits. A directory that others could have replaced is not
	// changed.
	if err == nil && made != "" && p.Trusted() {
		err = p.FS.Chmod(fd, perm)
	}
	if err != nil {
		_ = p.FS.Close(fd)
		return made, &fs.PathError{Op: "chmod", Path: full, Err: err}
	}
	p.Close()
	p.fd, p.Dir, p.Missing, p.way = fd, full, p.Missing[1:], p.way.into(st, p.FS.Euid())
	p.ids = append(slices.Clip(p.ids), st.ID())
	return made, nil
}
