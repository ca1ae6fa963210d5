package fsys

// trust records whether a user other than root and this one can replace anything on the
// path from / to a directory. A POSIX ACL that lets others write shows as group write, so
// the mode bits suffice.
type trust struct {
	open    bool // anybody could have redirected the path
	sticky  bool // others may add names to this directory, not replace ours
	foreign bool // directories of one other user are on the way
	uid     int  // that user
	owner   int  // of this directory
}

// into returns the trust of a path that continues into one more directory.
func (t trust) into(st Stat, euid int) trust {
	ours := st.UID == 0 || st.UID == euid
	// In /tmp anybody can make a directory, but nobody can rename ours away.
	t.open = t.open || t.sticky && !ours
	t.sticky = false
	if st.Perm&0o022 != 0 {
		t.sticky = st.Sticky
		t.open = t.open || !st.Sticky
	}
	if !ours {
		t.open = t.open || t.foreign && t.uid != st.UID
		t.foreign, t.uid = true, st.UID
	}
	t.owner = st.UID
	return t
}

// trusted reports whether only root and this user can write here or above.
func (t trust) trusted() bool { return !t.open && !t.sticky && !t.foreign }

// private reports whether only root, this user and the owner of this directory can.
func (t trust) private() bool {
	return !t.open && !t.sticky && (!t.foreign || t.uid == t.owner)
}
