package main

import (
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// destination makes the DEST of a command line absolute. A slash or a dot at the
// end is a directory's, which would otherwise become a file of that name.
func (a *app) destination(dest string) (string, error) {
	path := a.abs(dest)
	switch {
	case job.IsDirectory(dest):
		return "", usagef("%s is a directory, not a file: DEST is the file itself, such as %s", source.Show(dest), source.Show(filepath.Join(path, "NAME")))
	case strings.ContainsAny(dest, "\n\r"): // CREDRENDER_CHANGED would have two files
		return "", usagef("DEST %s holds a line break", source.Show(dest))
	case !utf8.ValidString(dest): // the state could not be read again
		return "", usagef("DEST %s is not UTF-8", source.Show(dest))
	}
	return path, nil
}
