package fsys_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

// tree makes files ("content"), directories ("/", with a mode: "/1777") and
// links ("-> target") below a new directory, shorter names first.
func tree(t *testing.T, items map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for depth := range 6 {
		for name, what := range items {
			if strings.Count(name, "/") == depth {
				plant(t, filepath.Join(root, name), what)
			}
		}
	}
	return root
}

func plant(t *testing.T, name, what string) {
	t.Helper()
	var err error
	mode, isDir := strings.CutPrefix(what, "/")
	target, isLink := strings.CutPrefix(what, "-> ")
	switch {
	case isLink:
		err = os.Symlink(target, name)
	case isDir:
		perm := map[string]fs.FileMode{"": 0o755, "775": 0o775, "777": 0o777, "1777": 0o777 | fs.ModeSticky}[mode]
		err = errors.Join(os.Mkdir(name, 0o755), os.Chmod(name, perm))
	default:
		err = os.WriteFile(name, []byte(what), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// resolution is what comes of a name.
type resolution struct {
	name             string
	want             string // Path, or the start of an error
	missing          int
	trusted, private bool
}

func (r resolution) check(t *testing.T, root string) {
	t.Helper()
	p, err := fsys.Resolve(fsys.OS{}, "", filepath.Join(root, r.name))
	link := (*fsys.LinkError)(nil)
	switch {
	case errors.As(err, &link):
		if got := "link: " + strings.TrimPrefix(link.Path, root+"/"); got != r.want {
			t.Errorf("got %q, want %q", got, r.want)
		}
		return
	case err != nil:
		if want, ok := strings.CutPrefix(r.want, "error: "); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, r.want)
		}
		return
	}
	defer p.Close()
	got := strings.TrimPrefix(p.Path(), root+"/")
	if got != r.want || len(p.Missing) != r.missing || p.Trusted() != r.trusted || p.Private() != r.private {
		t.Errorf("got %q missing %d trusted %v private %v, want %+v", got, len(p.Missing), p.Trusted(), p.Private(), r)
	}
	if _, err := (fsys.OS{}).Stat(p.Fd()); err != nil {
		t.Errorf("stat of the directory: %v", err)
	}
}

func TestResolve(t *testing.T) {
	root := tree(t, map[string]string{
		"etc":            "/",
		"etc/conf":       "x",
		"etc/link":       "-> conf",
		"etc/up":         "-> ../opt/./app/conf",
		"etc/new":        "-> ../opt/none",
		"etc/gone":       "-> ../opt/none/none/conf",
		"etc/loop":       "-> loop",
		"opt":            "/",
		"opt/app":        "/",
		"opt/app/conf":   "y",
		"opt/app/up":     "-> ..",
		"app":            "-> opt/app",
		"open":           "/777",
		"open/link":      "-> ../etc/conf",
		"open/dir":       "-> ../etc",
		"open/sub":       "/",
		"open/sub/link":  "-> ../../etc/conf",
		"group":          "/775",
		"group/link":     "-> ../etc/conf",
		"tmp":            "/1777",
		"tmp/link":       "-> ../etc/conf",
		"tmp/sub":        "/",
		"tmp/sub/link":   "-> ../../etc/conf",
		"etc/rel":        "-> ../tmp/link",
		"etc/throughtmp": "-> ../tmp/sub/link",
	})
	tests := map[string]resolution{
		"file":                     {name: "etc/conf", want: "etc/conf", trusted: true, private: true},
		"absent":                   {name: "etc/none", want: "etc/none", trusted: true, private: true},
		"missing directories":      {name: "etc/x/y/z", want: "etc/x/y/z", missing: 2, trusted: true, private: true},
		"link":                     {name: "etc/link", want: "etc/conf", trusted: true, private: true},
		"link with dots":           {name: "etc/up", want: "opt/app/conf", trusted: true, private: true},
		"dangling link":            {name: "etc/new", want: "opt/none", trusted: true, private: true},
		"link to missing":          {name: "etc/gone", want: "opt/none/none/conf", missing: 2, trusted: true, private: true},
		"linked directory":         {name: "app/conf", want: "opt/app/conf", trusted: true, private: true},
		"up through a link":        {name: "app/up/app/conf", want: "opt/app/conf", trusted: true, private: true},
		"loop":                     {name: "etc/loop", want: "error: too many levels"},
		"file as a directory":      {name: "etc/conf/x", want: "error: not a directory"},
		"file in an open one":      {name: "open/file", want: "open/file"},
		"link in an open one":      {name: "open/link", want: "link: open/link"},
		"way through an open one":  {name: "open/dir/conf", want: "link: open/dir"},
		"below an open one":        {name: "open/sub/file", want: "open/sub/file"},
		"link below an open one":   {name: "open/sub/link", want: "link: open/sub/link"},
		"link in a group's":        {name: "group/link", want: "link: group/link"},
		"file in a sticky one":     {name: "tmp/file", want: "tmp/file"},
		"link in a sticky one":     {name: "tmp/link", want: "link: tmp/link"},
		"link below a sticky one":  {name: "tmp/sub/link", want: "etc/conf", trusted: true, private: true},
		"link into a sticky one":   {name: "etc/rel", want: "link: tmp/link"},
		"link through a sticky":    {name: "etc/throughtmp", want: "etc/conf", trusted: true, private: true},
		"open above, missing here": {name: "open/a/b", want: "open/a/b", missing: 1},
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) { r.check(t, root) })
	}
}

func TestResolveBelowRoot(t *testing.T) {
	root := tree(t, map[string]string{
		"image":          "/",
		"image/etc":      "/",
		"image/etc/abs":  "-> /opt/conf",
		"image/etc/far":  "-> ../../../../opt/conf",
		"image/opt":      "/",
		"image/opt/conf": "inside",
		"opt":            "/",
		"opt/conf":       "outside",
	})
	for _, name := range []string{"/etc/abs", "/etc/far", "/opt/conf"} {
		p, err := fsys.Resolve(fsys.OS{}, filepath.Join(root, "image"), name)
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := fsys.ReadFile(fsys.OS{}, p.Fd(), p.Base, 100)
		if string(data) != "inside" || err != nil || p.Path() != "/opt/conf" {
			t.Errorf("%s: got %q, %v at %s", name, data, err, p.Path())
		}
		p.Close()
	}
	if _, err := fsys.Resolve(fsys.OS{}, filepath.Join(root, "none"), "/etc/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing root: %v", err)
	}
}

func TestTrustDependsOnOwners(t *testing.T) {
	fsystest.NeedRoot(t)
	root := tree(t, map[string]string{
		"bob":             "/",
		"bob/conf":        "/",
		"bob/conf/link":   "-> x",
		"bob/eve":         "/",
		"tmp":             "/1777",
		"tmp/eve":         "/",
		"tmp/mine":        "/",
		"open":            "/777",
		"open/mine":       "/",
		"bob/back":        "/",
		"bob/back/nested": "/",
	})
	owners := map[string]int{"bob": 1001, "bob/conf": 1001, "bob/eve": 1002, "tmp/eve": 1002, "bob/back": 0, "bob/back/nested": 1001}
	for name, uid := range owners {
		if err := os.Chown(filepath.Join(root, name), uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string][2]bool{ // trusted, private
		"bob/conf":        {false, true},
		"bob/eve":         {false, false}, // bob can put another directory there
		"bob/back":        {false, false}, // bob can, and it is not his
		"bob/back/nested": {false, true},
		"tmp/eve":         {false, false}, // whoever came first
		"tmp/mine":        {true, true},
		"open/mine":       {false, false},
	}
	for name, want := range tests {
		p, err := fsys.OpenDir(fsys.OS{}, "", filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{p.Trusted(), p.Private()}; got != want {
			t.Errorf("%s: trusted, private %v, want %v", name, got, want)
		}
		p.Close()
	}
	link := (*fsys.LinkError)(nil)
	if _, err := fsys.Resolve(fsys.OS{}, "", filepath.Join(root, "bob/conf/link")); !errors.As(err, &link) {
		t.Errorf("root follows bob's link: %v", err)
	}
}

func TestMakeAllAndReplace(t *testing.T) {
	root := tree(t, nil)
	dir := filepath.Join(root, "a/b")
	for range 2 { // the second finds it
		p, err := fsys.MakeAll(fsys.OS{}, "", dir, 0o700)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "tmp"), []byte("left by a crash"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := fsys.Replace(fsys.OS{}, fd, "f", "tmp", "x", []byte("content")); err != nil {
			t.Fatal(err)
		}
		_ = unix.Close(fd)
		p.Close()
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 || info.Size() != 7 {
		t.Errorf("got %v, %v", info, err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestReadFileRefuses(t *testing.T) {
	root := tree(t, map[string]string{"f": "12345", "d": "/", "l": "-> f"})
	if err := unix.Mkfifo(filepath.Join(root, "p"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := fsys.OpenDir(fsys.OS{}, "", root)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	want := map[string]error{"f": nil, "d": unix.EINVAL, "l": unix.EINVAL, "p": unix.EINVAL, "none": fs.ErrNotExist}
	for name, want := range want {
		if _, _, err := fsys.ReadFile(fsys.OS{}, p.Fd(), name, 5); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, _, err := fsys.ReadFile(fsys.OS{}, p.Fd(), "f", 4); !errors.Is(err, fsys.ErrTooLarge) {
		t.Errorf("limit: %v", err)
	}
	names, err := fsys.OS{}.Names(p.Fd())
	if diff := cmp.Diff(4, len(names)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
