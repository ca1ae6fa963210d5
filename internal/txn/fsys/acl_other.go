//go:build unix && !linux

package fsys

// DropACL implements FS: the ACLs of other systems are not inherited by mode.
func (OS) DropACL(int) error { return nil }
