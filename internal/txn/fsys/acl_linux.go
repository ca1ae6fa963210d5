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
