package fsys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// accessACL is the extended attribute in which Linux stores the POSIX ACL of a file
// (acl(5)).
const accessACL = "system.posix_acl_access"

// DropACL implements FS. A chmod is not enough: the group bits of the mode become the
// ACL's mask, which grants the rights of its entries.
func (OS) DropACL(fd int) error {
	err := retry0(func() error { return unix.Fremovexattr(fd, accessACL) })
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}
