package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Trust decides which files root may read, because their content decides which commands
// root runs. A file must be a regular file that belongs to root or one of Owners and that
// nobody else can write. The same applies to its directory and to all directories above,
// except that a directory above may be writable if it is sticky, like /tmp: nobody can
// replace another user's files there. Links on the path must belong to root or Owners
// too, and their targets follow the same rules. sshd and git have similar rules. Trust
// checks only modes: an access control list that grants writing shows as group write. On
// a file system that is mounted read-only nobody can write, whatever the mode.
//
// There is no check for users other than root.
type Trust struct {
	EUID   int
	Owners []int // user IDs trusted beside root
	// Read replaces os.ReadFile for a file that needs no check of its path. nil means
	// os.ReadFile.
	Read func(path string) ([]byte, error)
}

func (t Trust) read(path string) ([]byte, error) {
	if t.Read == nil {
		return os.ReadFile(path)
	}
	return t.Read(path)
}

// ReadFile returns the content of a trusted file. For other files it returns an [Error]
// with the file or directory at fault and the command that fixes it. For root, path must
// be absolute.
func (t Trust) ReadFile(path string) ([]byte, error) {
	if t.EUID != 0 {
		return t.read(path)
	}
	f, err := t.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// ReadNamed reads a file that root named on the command line. A file that ReadFile would
// refuse is read too; doubt is the error that ReadFile would return.
func (t Trust) ReadNamed(path string) (data []byte, doubt, err error) {
	if inherited(path) {
		data, err = t.read(path)
		return data, nil, err
	}
	data, err = t.ReadFile(path)
	if distrust, ok := errors.AsType[*Error](err); ok {
		doubt = distrust
		data, err = t.read(path)
	}
	return data, doubt, err
}

// inherited reports whether path is a descriptor that the shell opened: <(...) or a
// redirection. There is no path to check.
func inherited(path string) bool {
	dir, _ := filepath.Split(path)
	return path == "/dev/stdin" || dir == "/dev/fd/" || dir == "/proc/self/fd/"
}

// readDir lists a trusted directory by name.
func (t Trust) readDir(path string) ([]fs.DirEntry, error) {
	if t.EUID == 0 {
		real, info, err := t.walk(path)
		if err == nil {
			err = t.check(path, real, info)
		}
		if err != nil {
			return nil, err
		}
	}
	return os.ReadDir(path)
}

// open checks the path, then the open descriptor. Only trusted users can change a path
// that passed, so the two must be the same file. If they are not, open fails.
func (t Trust) open(path string) (*os.File, error) {
	real, found, err := t.walk(path)
	if err == nil {
		err = t.parent(path, real)
	}
	if err != nil {
		return nil, err
	}
	// O_NONBLOCK, because opening a FIFO would block
	f, err := os.OpenFile(real, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !os.SameFile(info, found):
		err = &Error{File: path, Msg: "was replaced while it was opened"}
	case !info.Mode().IsRegular():
		err = &Error{File: path, Msg: "is not a regular file"}
	default:
		err = t.check(path, real, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// maxLinks is the largest number of links on a path, as in Linux.
const maxLinks = 40

// walk resolves path like the kernel, and checks every directory and link on it. It
// returns the path without links, and the file's metadata.
func (t Trust) walk(path string) (string, fs.FileInfo, error) {
	if !filepath.IsAbs(path) {
		return "", nil, fmt.Errorf("open %s: not an absolute path", path)
	}
	at, links := "/", 0
	info, err := os.Lstat(at)
	rest := split(path)
	for err == nil && len(rest) > 0 {
		if err = t.above(path, at, info); err != nil {
			break
		}
		next := filepath.Join(at, rest[0]) // at has no links, so .. is its parent
		rest = rest[1:]
		if info, err = os.Lstat(next); err != nil {
			break
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		var target string
		if target, err = t.link(path, next, info); err != nil {
			break
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = slices.Concat(split(target), rest)
		info, err = os.Lstat(at)
	}
	return at, info, err
}

func split(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" || s == "." })
}

// above checks a directory above the file's own.
func (t Trust) above(path, dir string, info fs.FileInfo) error {
	if info.IsDir() && info.Mode()&fs.ModeSticky != 0 && t.trusts(info) {
		return nil
	}
	return t.check(path, dir, info)
}

// parent checks the directory that contains the file.
func (t Trust) parent(path, real string) error {
	dir := filepath.Dir(real)
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	return t.check(path, dir, info)
}

// link checks a link and returns its target.
func (t Trust) link(path, link string, info fs.FileInfo) (string, error) {
	if !t.trusts(info) {
		return "", &Error{
			File: path,
			Msg:  fmt.Sprintf("is not trusted: the link %s belongs to uid %d", link, owner(info)),
			Hint: "chown -h root " + link,
		}
	}
	return os.Readlink(link)
}

// check applies the rule for files and directories.
func (t Trust) check(path, at string, info fs.FileInfo) error {
	var faults, fixes []string
	if !t.trusts(info) {
		faults = append(faults, fmt.Sprintf("belongs to uid %d", owner(info)))
		fixes = append(fixes, "chown root "+at)
	}
	if info.Mode().Perm()&0o022 != 0 && !isReadOnlyMount(at) {
		faults = append(faults, fmt.Sprintf("can be written by others (mode %04o)", info.Mode().Perm()))
		fixes = append(fixes, "chmod go-w "+at)
	}
	if len(faults) == 0 {
		return nil
	}
	what := "it"
	if at != path {
		what = at
	}
	return &Error{
		File: path,
		Msg:  "is not trusted: " + what + " " + strings.Join(faults, " and "),
		Hint: strings.Join(fixes, " && "),
	}
}

func (t Trust) trusts(info fs.FileInfo) bool {
	uid := owner(info)
	return uid == 0 || slices.Contains(t.Owners, uid)
}

// owner returns the user ID of a file, or -1 on a system without user IDs.
func owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
