package txn_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/txn"
)

// FuzzRecover: a journal that somebody forged, whatever it says, leaves files alone that no
// transaction staged: their content, their mode and their directory.
func FuzzRecover(f *testing.F) {
	const file = `"dest":"/a","path":"/a","new":".a.credrender-0123456789abcdef.new","old":".a.credrender-0123456789abcdef.old"`
	for _, text := range []string{
		`{"phase":"prepare","files":[{` + file + `}]}`, `{"phase":"commit","files":[{` + file + `,"absent":true}],"dirs":["/d"]}`,
		`{"phase":"commit","files":[{` + file + `,"in_place":true}]}`, `{"phase":"done","files":[{` + file + `,"remove":true}]}`,
		`{"phase":"commit","files":[{` + file + `,"direct":true,"new_inode":1,"new_print":"x"}]}`,
		`{"phase":"commit","files":[{"path":"/link/a","new":"a","old":"../a"}],"dirs":["/full","/../x"]}`,
		`{"phase":"commit","files":[{"path":"/full/b","new":".b.credrender-0123456789abcdef.new","old":".b.credrender-0123456789abcdef.old","absent":true,"remove":true}]}`,
		`{"phase":"prepare","files":[{"path":"/x","new":"a","old":".x.credrender-0123456789abcdef.old"}]}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r txn.Record
		if json.Unmarshal([]byte(text), &r) != nil {
			return
		}
		dir := t.TempDir()
		root := filepath.Join(dir, "root")
		for _, d := range []string{root, root + "/full", dir + "/outside"} {
			if err := os.Mkdir(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"root/a", "root/full/b", "outside/a"} {
			write(t, filepath.Join(dir, name), "precious "+name, 0o640)
		}
		if err := os.Symlink(dir+"/outside", root+"/link"); err != nil {
			t.Fatal(err)
		}
		before := look(t, dir)
		r.Root = root // of what the fuzzer writes, nothing else may be reached
		_, _ = txn.Disk{}.Recover(t.Context(), r, newRecorder())
		if diff := cmp.Diff(before, look(t, dir)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", text, diff)
		}
	})
}
