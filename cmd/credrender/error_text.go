package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/credrender/credrender/pkg/template/mask"
)

// errorText returns an error's text for a message. A path in it that holds a line break
// would begin a line of its own, which a reader could take for a message of credrender's:
// messages have several lines only where several errors are joined.
func errorText(err error) string {
	text := err.Error()
	for _, path := range pathsIn(err) {
		if shown := mask.Visible(path); shown != path {
			text = strings.ReplaceAll(text, path, shown)
		}
	}
	return text
}

// pathsIn returns the paths in the errors of the operating system that err wraps.
func pathsIn(err error) (paths []string) {
	switch e := err.(type) { // each error of the tree is looked at
	case *fs.PathError:
		return []string{e.Path}
	case *os.LinkError:
		return []string{e.Old, e.New}
	case *exec.Error:
		return []string{e.Name}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			paths = append(paths, pathsIn(one)...)
		}
		return paths
	}
	if inner := errors.Unwrap(err); inner != nil {
		return pathsIn(inner)
	}
	return nil
}
