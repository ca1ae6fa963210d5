package fsys

import (
	"errors"
	"math"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Traits implements FS. Kernels before 5.8 do not report the mount.
func (OS) Traits(dir int, name string) (Traits, error) {
	var st unix.Statx_t
	err := retry0(func() error {
		return unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_MNT_ID, &st)
	})
	if err != nil {
		if errors.Is(err, unix.ENOSYS) {
			err = nil
		}
		return Traits{}, err
	}
	t := Traits{Fixed: st.Attributes&(unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) != 0}
	if st.Mask&unix.STATX_MNT_ID != 0 {
		t.Mount = st.Mnt_id
	}
	return t, nil
}

// kernelFS are the types of file systems (statfs(2)) in which nobody can create a
// regular file, although their directories look writable to root.
var kernelFS = []int64{
	unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEBUGFS_MAGIC,
	unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.BPF_FS_MAGIC,
	unix.BINFMTFS_MAGIC, unix.NSFS_MAGIC,
}

// Room implements FS. A file system without a size, which FUSE and NFS may have, has
// unlimited room.
func (OS) Room(dir int) (int64, error) {
	var st unix.Statfs_t
	if err := retry0(func() error { return unix.Fstatfs(dir, &st) }); err != nil {
		return 0, err
	}
	free := st.Bavail
	if os.Geteuid() == 0 { // root may use reserved blocks
		free = st.Bfree
	}
	switch {
	case slices.Contains(kernelFS, int64(st.Type)): // 32 bits on some machines
		return 0, ErrKernelFS
	case st.Blocks == 0 || free > math.MaxInt64/uint64(max(st.Bsize, 1)):
		return math.MaxInt64, nil
	case st.Files > 0 && st.Ffree == 0:
		return 0, nil
	}
	return int64(free) * int64(st.Bsize), nil // 32 bits on some machines
}

// Memory implements FS by memfd_create(2).
func (OS) Memory(name string, data []byte) (fd int, path string, err error) {
	fd, err = retry(func() (int, error) { return unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING) })
	if err != nil {
		return -1, "", err
	}
	if err = WriteAll(OS{}, fd, data); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, "", err
	}
	return fd, "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + strconv.Itoa(fd), nil
}
