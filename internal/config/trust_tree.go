package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxTree bounds how many files and directories a folder of templates holds.
const maxTree = 20_000

// Tree returns the files below a directory, relative to it and in lexical order. Every
// directory must be trusted. Tree skips files that editors and Git keep. It follows a
// link to a file of the same folder, as in a ConfigMap's mount. Anything else that is not
// a file is an error, because the result would silently lack it.
func (t Trust) Tree(dir string) ([]string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	w := &treeWalk{trust: t, dir: dir, real: real}
	if err := w.list(""); err != nil {
		return nil, err
	}
	return w.files, nil
}

type treeWalk struct {
	trust     Trust
	dir, real string
	files     []string
	seen      int
}

func (w *treeWalk) list(rel string) error {
	entries, err := w.trust.readDir(filepath.Join(w.dir, rel))
	if err != nil {
		return unreadable(filepath.Join(w.dir, rel), err)
	}
	for _, e := range entries {
		if isScratch(e.Name()) {
			continue
		}
		if w.seen++; w.seen > maxTree {
			return &Error{File: w.dir, Msg: fmt.Sprintf("the folder contains more than %d files", maxTree)}
		}
		name := filepath.Join(rel, e.Name())
		switch kind := e.Type(); {
		case kind.IsRegular():
			w.files = append(w.files, name)
		case kind.IsDir():
			err = w.list(name)
		case kind&fs.ModeSymlink != 0:
			err = w.link(name)
		default:
			err = &Error{File: filepath.Join(w.dir, name), Msg: "is not a file", Hint: "a template folder may contain only files, directories, and links to files in it"}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// link adds a link that leads to a file of the folder.
func (w *treeWalk) link(name string) error {
	path := filepath.Join(w.dir, name)
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return unreadable(path, err)
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return unreadable(path, err)
	case !strings.HasPrefix(target, w.real+"/"):
		return &Error{File: path, Msg: "is a link that leads out of the folder", Hint: "put the file itself there, or give it a src of its own"}
	case !info.Mode().IsRegular():
		return &Error{File: path, Msg: "is a link to something other than a file", Hint: "put the directory itself there"}
	}
	w.files = append(w.files, name)
	return nil
}

// isScratch reports whether a name is one that editors and Git use beside the files
// themselves, or that a ConfigMap's mount has for its versions.
func isScratch(name string) bool {
	switch {
	case name == ".git", strings.HasPrefix(name, ".."), strings.HasPrefix(name, ".#"), strings.HasSuffix(name, "~"):
		return true
	case strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"):
		return true
	}
	return strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".swo") || strings.HasSuffix(name, ".swx"))
}
