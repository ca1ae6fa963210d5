package txn_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/test/fsystest"
)

// No byte of a new file can be read by anybody whom its mode and owner are to
// keep out, at no instant: both are set while it is empty.
func TestModeAndOwnerComeBeforeTheBytes(t *testing.T) {
	var ops []string
	s := fsystest.NewSim("/d")
	s.Put("/d/a", "old", 0o644, 0, 0)
	h := &fsystest.Hook{FS: s, Before: func(op fsystest.Op) error {
		if strings.HasSuffix(op.File, ".new") && op.Name != "stat" {
			ops = append(ops, op.Name)
		}
		return nil
	}}
	f := file("/d/a", "new")
	f.Mode, f.UID, f.GID = 0o640, 7, 8
	x, err := txn.Disk{FS: h}.Prepare(t.Context(), newRecorder(), []txn.File{f})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"open", "dropacl", "chown", "chmod", "write", "sync", "close"}, ops); diff != "" {
		t.Errorf("operations on the staged file (-want +got):\n%s", diff)
	}
	if err := x.Rollback(false); err != nil {
		t.Error(err)
	}
}
