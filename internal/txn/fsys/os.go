package fsys

import (
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// OS is the kernel's file system.
type OS struct{}

var _ FS = OS{}

// retry repeats a call that a signal interrupted: the Go runtime sends itself
// signals, and network file systems return EINTR for them.
func retry[T any](call func() (T, error)) (T, error) {
	for {
		v, err := call()
		if err != unix.EINTR { //nolint:errorlint // a bare errno
			return v, err
		}
	}
}

func retry0(call func() error) error {
	_, err := retry(func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// Open implements FS.
func (OS) Open(dir int, name string, flags int, perm fs.FileMode) (int, error) {
	return retry(func() (int, error) {
		return unix.Openat(dir, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(perm.Perm()))
	})
}

// Close implements FS. It is not repeated: after EINTR the descriptor is gone.
func (OS) Close(fd int) error { return unix.Close(fd) }

// Read implements FS.
func (OS) Read(fd int, p []byte) (int, error) {
	return retry(func() (int, error) { return unix.Read(fd, p) })
}

// Write implements FS.
func (OS) Write(fd int, p []byte) (int, error) {
	return retry(func() (int, error) { return unix.Write(fd, p) })
}

// Truncate implements FS.
func (OS) Truncate(fd int, size int64) error {
	return retry0(func() error { return unix.Ftruncate(fd, size) })
}

// Stat implements FS.
func (OS) Stat(fd int) (Stat, error) {
	var st unix.Stat_t
	if err := retry0(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return Stat{}, err
	}
	return fromKernel(st), nil
}

// StatAt implements FS.
func (OS) StatAt(dir int, name string) (Stat, error) {
	var st unix.Stat_t
	if err := retry0(func() error { return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
		return Stat{}, err
	}
	return fromKernel(st), nil
}

// Chmod implements FS.
func (OS) Chmod(fd int, perm fs.FileMode) error {
	return retry0(func() error { return unix.Fchmod(fd, uint32(perm.Perm())) })
}

// Chown implements FS.
func (OS) Chown(fd, uid, gid int) error {
	return retry0(func() error { return unix.Fchown(fd, uid, gid) })
}

// Writable implements FS.
func (OS) Writable(dir int, name string) error {
	mode := uint32(unix.W_OK)
	if name == "." {
		mode |= unix.X_OK
	}
	return retry0(func() error { return unix.Faccessat(dir, name, mode, unix.AT_EACCESS) })
}

// Sync implements FS.
func (OS) Sync(fd int) error { return retry0(func() error { return unix.Fsync(fd) }) }

// Lock implements FS.
func (OS) Lock(fd int) error {
	return retry0(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
}

// Readlink implements FS.
func (OS) Readlink(dir int, name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := retry(func() (int, error) { return unix.Readlinkat(dir, name, buf) })
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// Names implements FS.
func (o OS) Names(dir int) ([]string, error) {
	fd, err := o.Open(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0) // an offset of its own
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), ".")
	defer f.Close()
	return f.Readdirnames(-1)
}

// Mkdir implements FS.
func (OS) Mkdir(dir int, name string, perm fs.FileMode) error {
	return retry0(func() error { return unix.Mkdirat(dir, name, uint32(perm.Perm())) })
}

// Link implements FS.
func (OS) Link(dir int, old, name string) error {
	return retry0(func() error { return unix.Linkat(dir, old, dir, name, 0) })
}

// Rename implements FS.
func (OS) Rename(dir int, old, name string) error {
	return retry0(func() error { return unix.Renameat(dir, old, dir, name) })
}

// Unlink implements FS.
func (OS) Unlink(dir int, name string) error {
	return retry0(func() error { return unix.Unlinkat(dir, name, 0) })
}

// Rmdir implements FS.
func (OS) Rmdir(dir int, name string) error {
	return retry0(func() error { return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) })
}

// Euid implements FS.
func (OS) Euid() int { return os.Geteuid() }

// InGroup implements FS.
func (OS) InGroup(gid int) bool {
	groups, err := os.Getgroups()
	return os.Geteuid() == 0 || gid == os.Getegid() || err == nil && slices.Contains(groups, gid)
}

// Step implements FS.
func (OS) Step(string) {}

// fromKernel converts; the widths of the fields differ between systems.
func fromKernel(st unix.Stat_t) Stat {
	mode := uint32(st.Mode)
	return Stat{
		Dev: uint64(st.Dev), Inode: st.Ino, Links: uint64(st.Nlink),
		Type:   fileType(mode),
		Perm:   fs.FileMode(mode & 0o777),
		Sticky: mode&unix.S_ISVTX != 0, SetGID: mode&unix.S_ISGID != 0,
		UID: int(st.Uid), GID: int(st.Gid), Size: st.Size, Changed: st.Ctim.Nano(),
	}
}

func fileType(mode uint32) fs.FileMode {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return 0
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFLNK:
		return fs.ModeSymlink
	case unix.S_IFIFO:
		return fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return fs.ModeSocket
	case unix.S_IFCHR:
		return fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		return fs.ModeDevice
	}
	return fs.ModeIrregular
}
