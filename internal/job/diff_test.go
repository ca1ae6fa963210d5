package job_test

import (
	"io/fs"
	"testing"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/template"
)

func TestDiff(t *testing.T) {
	mode := func(m fs.FileMode) *fs.FileMode { return &m }
	same := []byte("same")
	kept := txn.Existing{Exists: true, Data: same, Mode: 0o644, UID: 7, GID: 8, KeepMeta: true}
	hostile := kept
	hostile.KeepMeta = false
	huge := txn.Existing{Exists: true, TooLarge: true, Mode: 0o600, KeepMeta: true}
	for _, c := range []struct {
		name     string
		file     job.File
		data     string
		uid, gid int
		old      txn.Existing
		kind     job.Kind
		mode     fs.FileMode
		wantUID  int
	}{
		{"new", job.File{}, "x", job.Keep, job.Keep, txn.Existing{}, job.Create, 0o600, job.Keep},
		{"new with mode and owner", job.File{Mode: mode(0o640)}, "x", 3, 4, txn.Existing{}, job.Create, 0o640, 3},
		{"equal", job.File{}, "same", job.Keep, job.Keep, kept, job.Unchanged, 0o644, 7},
		{"other bytes keep mode and owner", job.File{}, "x", job.Keep, job.Keep, kept, job.Update, 0o644, 7},
		{"stated mode drifted", job.File{Mode: mode(0o600)}, "same", job.Keep, job.Keep, kept, job.ModeOnly, 0o600, 7},
		{"stated mode holds", job.File{Mode: mode(0o644)}, "same", job.Keep, job.Keep, kept, job.Unchanged, 0o644, 7},
		{"stated owner drifted", job.File{}, "same", 9, job.Keep, kept, job.ModeOnly, 0o644, 9},
		{"others can write there: as new", job.File{}, "x", job.Keep, job.Keep, hostile, job.Update, 0o600, job.Keep},
		{"others can write there: mode mended", job.File{}, "same", job.Keep, job.Keep, hostile, job.ModeOnly, 0o600, job.Keep},
		{"too large to compare", job.File{}, "", job.Keep, job.Keep, huge, job.Update, 0o600, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := job.Diff(c.file, template.Output{Bytes: []byte(c.data)}, c.uid, c.gid, c.old)
			if got.Kind != c.kind || got.Mode != c.mode || got.UID != c.wantUID {
				t.Errorf("got %s %v uid %d, want %s %v uid %d", got.Kind, got.Mode, got.UID, c.kind, c.mode, c.wantUID)
			}
		})
	}
}
