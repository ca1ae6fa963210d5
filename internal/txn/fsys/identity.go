package fsys

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Identity identifies the file of a path. Links, "..", hard links and bind mounts make no
// difference. A file that does not exist is identified by its directory and name.
type Identity struct {
	dirs []FileID // that exist, the outermost first
	rest string   // from the last of them to the file
	file FileID   // zero where nothing exists
}

// Identify returns the identity of name, which is absolute. It opens only directories,
// and follows links in any directory, since the result is only compared.
func Identify(f FS, name string) (Identity, error) {
	w, err := newWalker(f, "")
	if err != nil {
		return Identity{}, err
	}
	w.anyLink = true
	p, err := w.walk(name)
	if err != nil {
		return Identity{}, err
	}
	defer p.Close()
	return p.identity(true)
}

// Identity returns the identity of the place. In a directory that another user can write,
// it ignores the existing file: that user may have linked any file there, and a rename
// replaces only the name.
func (p *Place) Identity() (Identity, error) { return p.identity(p.Trusted()) }

func (p *Place) identity(withFile bool) (Identity, error) {
	i := Identity{dirs: p.ids, rest: path.Join(append(slices.Clone(p.Missing), p.Base)...)}
	if len(p.Missing) > 0 || !withFile {
		return i, nil
	}
	st, err := p.FS.StatAt(p.fd, p.Base)
	if errors.Is(err, fs.ErrNotExist) {
		return i, nil
	}
	i.file = st.ID()
	return i, err
}

// Same reports whether both paths lead to one file, or would if it existed.
func (i Identity) Same(o Identity) bool {
	if i.file != (FileID{}) && i.file == o.file {
		return true
	}
	return i.rest != "" && i.rest == o.rest && i.dirs[len(i.dirs)-1] == o.dirs[len(o.dirs)-1]
}

// Key is comparable: two identities are the Same if they share one.
type Key struct {
	dir  FileID
	rest string // empty: dir is the file itself
}

// Keys returns the keys of an identity; none of the zero one.
func (i Identity) Keys() (keys []Key) {
	if i.file != (FileID{}) {
		keys = append(keys, Key{dir: i.file})
	}
	if i.rest != "" {
		keys = append(keys, Key{i.dirs[len(i.dirs)-1], i.rest})
	}
	return keys
}

// Below reports whether i is in the directory dir or deeper.
func (i Identity) Below(dir Identity) bool {
	if i.rest == "" || dir.rest == "" {
		return false
	}
	if dir.file != (FileID{}) {
		return slices.Contains(i.dirs, dir.file)
	}
	return i.dirs[len(i.dirs)-1] == dir.dirs[len(dir.dirs)-1] && strings.HasPrefix(i.rest, dir.rest+"/")
}
