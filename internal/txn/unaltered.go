package txn

import (
	"bytes"
	"errors"
	"io/fs"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Unaltered reports with [ErrAltered] that the staged file of dest is no longer what
// Prepare made of it: a check that formats its file, or opens it to others, would
// decide what is installed. A file that is gone or replaced is Commit's to find.
func (t *Txn) Unaltered(dest string) error {
	for _, s := range t.files {
		if t.disk.Host(s.Dest) == t.given.Host(dest) {
			return t.unaltered(s)
		}
	}
	return nil
}

func (t *Txn) unaltered(s *staged) error {
	st, err := t.fs.StatAt(s.dir.fd, s.rec.New)
	if there := err == nil && st.Same(s.inode); !there {
		return nil
	}
	r := s.rights()
	r.ours = true
	if r.check(t.fs, st) != nil || st.Size != int64(len(s.Data)) {
		return ErrAltered
	}
	data, _, err := fsys.ReadFile(t.fs, s.dir.fd, s.rec.New, st.Size)
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
