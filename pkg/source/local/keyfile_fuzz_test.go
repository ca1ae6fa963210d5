package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzKeyFile: a key file that is accepted has a key for every one of its lines, each
// under the id of its own bytes, and comes back from what is written of it.
func FuzzKeyFile(f *testing.F) {
	one, two := newKeyLine(), newKeyLine()
	for _, text := range []string{one, one + two, one + one, one + "\n", one[:len(one)-2], "", keyHeader, strings.ToUpper(one), one + "# comment\n", strings.TrimSpace(one) + " \r\n"} {
		f.Add(text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := readKeys(path)
		if err != nil {
			return
		}
		if lines := strings.Count(strings.TrimSuffix(text, "\n"), "\n") + 1; len(keys) != lines {
			t.Errorf("%q: %d keys in %d lines", text, len(keys), lines)
		}
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if got := strings.Fields(line); keys[i].id != got[1] || keys[i].line != strings.Join(got, " ")+"\n" {
				t.Errorf("line %d of %q is kept as %q", i+1, text, keys[i].line)
			}
		}
		if err := replace(path, keys); err != nil {
			t.Fatal(err)
		}
		again, err := readKeys(path)
		if err != nil || len(again) != len(keys) {
			t.Errorf("%q: %d keys come back, %v", text, len(again), err)
		}
	})
}
