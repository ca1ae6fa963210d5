//go:build interop

package interop

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// OpenSSH and OpenSSL read the generated keys, and agree on the public halves.
func TestGeneratedKeys(t *testing.T) {
	dir := t.TempDir()
	c := newCommand(t, binary, nil, "--store", "local:"+filepath.Join(dir, "store.db"), "--local-key", filepath.Join(dir, "store.key"))
	c.want(t, 0, "setup")
	keygen, openssl := newCommand(t, program(t, "ssh-keygen"), nil), newCommand(t, program(t, "openssl"), nil)
	for _, format := range []string{"ssh-ed25519", "ssh-rsa", "ed25519", "rsa"} {
		public := filepath.Join(dir, format+".pub")
		c.want(t, 0, "generate", format, "--format", format, "--public", public)
		writeFile(t, dir, format, c.want(t, 0, "get", format).Stdout)
		path := filepath.Join(dir, format)
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		var got string
		if strings.HasPrefix(format, "ssh-") {
			got = keygen.want(t, 0, "-y", "-f", path).Stdout
		} else {
			got = openssl.want(t, 0, "pkey", "-in", path, "-pubout").Stdout
		}
		if want := readFile(t, public); got != want {
			t.Errorf("%s: the public half is\n%s, and another program says\n%s", format, want, got)
		}
	}
}

// Vim, whose configuration asks for swap, undo, backup and history files, leaves none.
func TestVimLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	for _, sub := range []string{"undo", "backup", "swap"} {
		if err := os.MkdirAll(filepath.Join(home, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, home, ".vimrc", "set undofile undodir="+home+"/undo backup writebackup backupdir="+home+"/backup directory="+home+"/swap viminfo='100,n"+home+"/viminfo\n")
	vim := program(t, "vim") + " --not-a-term"
	c := newCommand(t, binary, []string{"HOME=" + home, "TERM=dumb", "TMPDIR=" + dir, "EDITOR=" + vim + " -c s/one/canary-two/ -c wq"},
		"--store", "local:"+filepath.Join(dir, "store.db"), "--local-key", filepath.Join(dir, "store.key"))
	c.want(t, 0, "setup")
	c.wantInput(t, 0, "canary-one", "put", "a", "-")
	c.want(t, 0, "edit", "a")
	if got := c.want(t, 0, "get", "a").Stdout; got != "canary-canary-two" {
		t.Errorf("edited to %q", got)
	}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != ".vimrc" {
			t.Errorf("vim left %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
