package txn

import (
	"bytes"
	"errors"
	"io/fs"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Unaltered reports with [ErrAltered] that the file of dest is no longer what was
// rendered: the staged file before Commit, the installed one after it. A check or
// verify that formats the file, or opens it to others, would decide what services
// read. For a staged file that is gone or replaced it returns [ErrStagedGone].
func (t *Txn) Unaltered(dest string) error {
	if s := t.dests[t.given.Host(dest)]; s != nil {
		return t.unaltered(s)
	}
	return nil
}

func (t *Txn) unaltered(s *staged) error {
	name, committed := s.rec.New, t.rec.Phase == Commit
	if s.Remove {
		return t.stillRemoved(s, committed)
	}
	r := s.stagedRights()
	switch {
	case committed:
		name, r = s.rec.base(), s.rights()
	case s.rec.Direct:
		return nil // nobody can
	}
	st, err := t.fs.StatAt(s.dir.fd, name)
	if there := err == nil && (st.Same(s.inode) || committed && s.rec.InPlace); !there {
		if committed {
			return ErrAltered
		}
		return ErrStagedGone
	}
	r.ours = !committed || !s.rec.InPlace
	if st.Type != 0 || r.check(t.fs, st) != nil || st.Size != int64(len(s.Data)) {
		return ErrAltered
	}
	data, _, err := fsys.ReadFile(t.fs, s.dir.fd, name, st.Size)
	switch {
	case errors.Is(err, fs.ErrPermission): // its mode does not let us read it
		return nil
	case err != nil:
		return err
	case !bytes.Equal(data, s.Data):
		return ErrAltered
	}
	return nil
}

// stillRemoved reports with [ErrAltered] that something is at a destination that was removed.
func (t *Txn) stillRemoved(s *staged, committed bool) error {
	if !committed {
		return nil
	}
	_, err := t.fs.StatAt(s.dir.fd, s.rec.base())
	switch {
	case err == nil:
		return ErrAltered
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}
