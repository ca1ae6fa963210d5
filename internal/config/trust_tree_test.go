package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/config"
)

// folderOf makes a folder of templates.
func folderOf(t *testing.T, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	for _, name := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTree(t *testing.T) {
	dir := folderOf(t, "b.tmpl", "a", "sub/c.tmpl", ".env", "a~", ".a.swp", "#a#", ".git/config", "..data/x")
	for name, target := range map[string]string{"inside": "a", ".#lock": "nobody@nowhere"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := config.Trust{EUID: me}.Tree(dir)
	if diff := cmp.Diff([]string{".env", "a", "b.tmpl", "inside", "sub/c.tmpl"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A mount of Kubernetes is made of links into a directory that a link of its own names.
func TestTreeOfConfigMap(t *testing.T) {
	dir := folderOf(t, "..2026_01/app.tmpl")
	for name, target := range map[string]string{"..data": "..2026_01", "app.tmpl": "..data/app.tmpl"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := config.Trust{EUID: me}.Tree(dir)
	if diff := cmp.Diff([]string{"app.tmpl"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestTreeRefuses(t *testing.T) {
	for name, target := range map[string]string{"to a file outside": "/etc/hostname", "above": "..", "to a directory": "sub", "to nothing": "nothing"} {
		dir := folderOf(t, "sub/a")
		if err := os.Symlink(target, filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		if got, err := (config.Trust{EUID: me}).Tree(dir); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got, err := (config.Trust{EUID: me}).Tree(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Errorf("a missing folder: got %q", got)
	}
}

// As root, every directory of a folder must be closed to others.
func TestTreeTrust(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has files of root")
	}
	dir := folderOf(t, "a", "sub/b")
	if _, err := (config.Trust{}).Tree(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := config.Trust{}.Tree(dir)
	if e, ok := errors.AsType[*config.Error](err); !ok || e.File != filepath.Join(dir, "sub") {
		t.Errorf("got %v", err)
	}
}
