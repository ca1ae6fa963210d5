package txn

import (
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"
)

// The names of staged files begin with a dot, so that no conf.d directory includes
// them, contain the program's name, and are random, so that nobody can create them
// first.
const (
	nameMark  = ".credrender-"
	nameBytes = 8 // random
	newSuffix = ".new"
	oldSuffix = ".old"
	nameMax   = 255 // NAME_MAX of every file system in use
)

// extensionMax limits the extension that stagedName keeps.
const extensionMax = 32

// extension returns the end of base by which programs decide how to read a file. A staged
// file keeps it.
func extension(base string) string {
	ext := path.Ext(base)
	if ext == "." || len(ext) > extensionMax || strings.HasPrefix(ext, nameMark) || !utf8.ValidString(ext) {
		return ""
	}
	return ext
}

// stagedName returns a new name for a file beside base.
func stagedName(base, suffix string, rand io.Reader) (string, error) {
	id := make([]byte, nameBytes)
	if _, err := io.ReadFull(rand, id); err != nil {
		return "", fmt.Errorf("make a name: %w", err)
	}
	tail := nameMark + hex.EncodeToString(id) + suffix
	return "." + cut(base, nameMax-1-len(tail)) + tail, nil
}

// cut shortens s to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// isStaged reports whether stagedName could have returned name.
func isStaged(name string) bool {
	i := strings.LastIndex(name, nameMark)
	if i < 1 || name[0] != '.' || strings.Contains(name, "/") {
		return false
	}
	id, suffix, _ := strings.Cut(name[i+len(nameMark):], ".")
	suffix = "." + suffix
	isNew := suffix == newSuffix || strings.HasPrefix(suffix, newSuffix+".") && suffix == newSuffix+extension(suffix)
	_, err := hex.DecodeString(id)
	return (isNew || suffix == oldSuffix) && err == nil && len(id) == 2*nameBytes
}
