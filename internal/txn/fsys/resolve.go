package fsys

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks limits the symbolic links of one path, as Linux does.
const maxLinks = 40

// LinkError reports a symbolic link that is not followed, because a user other than root
// and this one could have created it.
type LinkError struct {
	Path string // of the link
}

func (e *LinkError) Error() string {
	return e.Path + " is a symbolic link in a directory that others can write"
}

// ErrDescriptor reports a path through /proc/PID/fd, such as /dev/stdout and /dev/fd/N.
// Its link is an open descriptor. The text of the link may be a path, but replacing the
// file at that path does not write to the descriptor.
var ErrDescriptor = errors.New("is an open descriptor of a process")

// ResolvedPath is a name in an open directory, with all links followed.
type ResolvedPath struct {
	FS   FS
	Dir  string // absolute, without links; below the root that was given
	Base string // empty after OpenDir
	// Missing are directories between Dir and Base that do not exist.
	Missing []string

	fd  int
	way trust
	ids []FileID // of the directories on the way, Dir the last
}

// Trusted reports whether only root and this user can write the directory and those above
// it. A sticky directory such as /tmp may be above it, but is not trusted itself. Links in
// a trusted directory are followed.
func (p *ResolvedPath) Trusted() bool { return p.way.trusted() }

// Private is like Trusted, except that the directory may also belong to one other user.
func (p *ResolvedPath) Private() bool { return p.way.private() }

// Resolve walks to path (absolute, clean) below root ("" or "/": none). It follows links
// in trusted directories, the last component included; other links are a *[LinkError].
// Absolute links stay below root. The caller closes the ResolvedPath.
func Resolve(f FS, root, name string) (*ResolvedPath, error) { return walk(f, root, name, false) }

// OpenDir is Resolve for a directory. A missing one is fs.ErrNotExist.
func OpenDir(f FS, root, dir string) (*ResolvedPath, error) {
	p, err := walk(f, root, dir, true)
	if err != nil || len(p.Missing) == 0 {
		return p, err
	}
	p.Close()
	return nil, &fs.PathError{Op: "open", Path: dir, Err: unix.ENOENT}
}

// Fd returns the open directory, for operations relative to it. The ResolvedPath owns it and it
// cannot be synced; see [ResolvedPath.Open].
func (p *ResolvedPath) Fd() int { return p.fd }

// Open opens the directory again, for reading and syncing.
func (p *ResolvedPath) Open() (int, error) {
	fd, err := p.FS.Open(p.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: p.Dir, Err: err}
	}
	return fd, nil
}

// Path returns the full path.
func (p *ResolvedPath) Path() string {
	return path.Join(append([]string{p.Dir}, append(slices.Clone(p.Missing), p.Base)...)...)
}

// Close closes the directory.
func (p *ResolvedPath) Close() { _ = p.FS.Close(p.fd) }

// walker resolves one path. done is the resolved part, without links; todo is the rest.
type walker struct {
	fs         FS
	start, cur int // descriptors; cur is start or its own
	startWay   trust
	way        trust
	done, todo []string
	ids        []FileID // of the directories gone through, cur the last
	startIDs   []FileID
	links      int
	dirOnly    bool
	anyLink    bool // follow links that other users could have created too
}

func walk(f FS, root, name string, dirOnly bool) (*ResolvedPath, error) {
	w, err := newWalker(f, root)
	if err != nil {
		return nil, err
	}
	w.dirOnly = dirOnly
	return w.walk(name)
}

func (w *walker) walk(name string) (*ResolvedPath, error) {
	defer func() { _ = w.fs.Close(w.start) }()
	w.todo = split(name)
	p, err := w.run()
	if err != nil {
		w.leave()
		if link := (*LinkError)(nil); !errors.As(err, &link) {
			err = &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return nil, err
	}
	return p, nil
}

// newWalker opens the root, which is itself walked to from "/".
func newWalker(f FS, root string) (*walker, error) {
	w := &walker{fs: f, cur: -1}
	if root != "" && root != "/" {
		p, err := OpenDir(f, "", root)
		if err != nil {
			return nil, err
		}
		w.start, w.startWay, w.startIDs = p.fd, p.way, p.ids
		w.restart(nil)
		return w, nil
	}
	fd, err := f.Open(Here, "/", walkFlags, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: "/", Err: err}
	}
	st, err := f.Stat(fd)
	if err != nil {
		_ = f.Close(fd)
		return nil, &fs.PathError{Op: "stat", Path: "/", Err: err}
	}
	w.start, w.startWay, w.startIDs = fd, trust{}.into(st, f.Euid()), []FileID{st.ID()}
	w.restart(nil)
	return w, nil
}

func split(name string) []string {
	return slices.DeleteFunc(strings.Split(name, "/"), func(s string) bool { return s == "" || s == "." })
}

// restart returns to the root with another path.
func (w *walker) restart(todo []string) {
	w.leave()
	w.cur, w.way, w.ids, w.done, w.todo = w.start, w.startWay, w.startIDs, nil, todo
}

// leave closes the current directory, unless it is the root.
func (w *walker) leave() {
	if w.cur >= 0 && w.cur != w.start {
		_ = w.fs.Close(w.cur)
	}
	w.cur = w.start
}

func (w *walker) run() (*ResolvedPath, error) {
	for {
		if len(w.todo) == 0 {
			if w.dirOnly {
				return w.resolved(nil, "")
			}
			return nil, unix.EISDIR
		}
		name, rest := w.todo[0], w.todo[1:]
		switch {
		case name == "..":
			w.restart(slices.Concat(w.done[:max(0, len(w.done)-1)], rest))
		case len(rest) == 0 && !w.dirOnly:
			st, err := w.fs.StatAt(w.cur, name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			if err != nil || !st.IsLink() {
				return w.resolved(nil, name)
			}
			if err := w.follow(name, rest); err != nil {
				return nil, err
			}
		default:
			err := w.enter(name, rest)
			if errors.Is(err, fs.ErrNotExist) && !slices.Contains(w.todo, "..") {
				return w.missing()
			}
			if err != nil {
				return nil, err
			}
		}
	}
}

// missing ends the walk at the deepest directory that exists.
func (w *walker) missing() (*ResolvedPath, error) {
	if w.dirOnly {
		return w.resolved(w.todo, "")
	}
	n := len(w.todo) - 1
	return w.resolved(w.todo[:n], w.todo[n])
}

// resolved returns the current directory as a ResolvedPath, which then owns it.
func (w *walker) resolved(missing []string, base string) (*ResolvedPath, error) {
	fd := w.cur
	if fd == w.start { // the walker closes that one
		var err error
		if fd, err = w.fs.Open(w.start, ".", walkFlags, 0); err != nil {
			return nil, err
		}
	}
	return &ResolvedPath{
		FS: w.fs, Dir: "/" + strings.Join(w.done, "/"), Base: base, Missing: missing,
		fd: fd, way: w.way, ids: w.ids,
	}, nil
}

// enter opens the directory name, or follows it if it is a link.
func (w *walker) enter(name string, rest []string) error {
	fd, err := w.fs.Open(w.cur, name, walkFlags, 0)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		if st, statErr := w.fs.StatAt(w.cur, name); statErr == nil && st.IsLink() {
			return w.follow(name, rest)
		}
	}
	if err != nil {
		return err
	}
	st, err := w.fs.Stat(fd)
	if err != nil {
		_ = w.fs.Close(fd)
		return err
	}
	w.leave()
	w.cur, w.way = fd, w.way.into(st, w.fs.Euid())
	w.done, w.todo = append(slices.Clip(w.done), name), rest
	w.ids = append(slices.Clip(w.ids), st.ID())
	return nil
}

// follow inserts the target of a link before the rest of the path.
func (w *walker) follow(name string, rest []string) error {
	if len(w.done) > 0 && w.done[0] == "proc" && w.done[len(w.done)-1] == "fd" {
		return ErrDescriptor
	}
	if !w.way.trusted() && !w.anyLink {
		return &LinkError{Path: "/" + path.Join(append(slices.Clone(w.done), name)...)}
	}
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	target, err := w.fs.Readlink(w.cur, name)
	if err != nil {
		return err
	}
	todo := split(target)
	if !strings.HasPrefix(target, "/") {
		todo = slices.Concat(w.done, todo)
	}
	w.restart(slices.Concat(todo, rest))
	return nil
}
