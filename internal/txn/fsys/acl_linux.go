package fsys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// accessACL is where Linux keeps the POSIX ACL of a file (acl(5)).
const accessACL = "system.posix_acl_access"

// DropACL implements FS. A chmod alone would not do: the group bits of the
// mode become the ACL's mask, and so grant what its entries ask for.
func (OS) DropACL(fd int) error {
	err := retry0(func() error { return unix.Fremovexattr(fd, accessACL) })
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}

// Mount implements FS. Kernels before 5.8 do not tell.
func (OS) Mount(dir int, name string) (uint64, error) {
	var st unix.Statx_t
	err := retry0(func() error {
		return unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_MNT_ID, &st)
	})
	if errors.Is(err, unix.ENOSYS) || err == nil && st.Mask&unix.STATX_MNT_ID == 0 {
		return 0, nil
	}
	return st.Mnt_id, err
}
