package confd

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// backend is where the values of a resource are, and the prefix of its keys.
type backend struct {
	kind   string
	prefix string // absolute, "/" for none
	file   string // of the kind file
}

// The kinds of backends.
const (
	inSSM    = "ssm"
	inEnv    = "env"
	inFile   = "file"
	inSecret = "secret" // no backend of confd: values that were moved into a store
)

// backendOf returns the backend of a resource: the command line's, else its own, else
// that of confd.toml.
func backendOf(o Options, g *global, r *resource) (backend, error) {
	b := backend{kind: cmp.Or(o.Backend, r.Backend.Backend, g.Backend)}
	if o.Prefix == "" && r.Template.Prefix != "" && g.Prefix != "" {
		return b, errors.New("confd.toml has a prefix too, and versions of confd differ in what that means: give --prefix")
	}
	b.prefix = path.Join("/", cmp.Or(o.Prefix, r.Template.Prefix, g.Prefix))
	switch b.kind {
	case inSSM, inEnv, inSecret:
		return b, nil
	case inFile:
		return b.withFile(o.File, r.Backend.File, g.File)
	case "":
		return b, errors.New("neither this file nor confd.toml names the backend: give --backend ssm, env or file")
	}
	return b, fmt.Errorf("credrender reads no %s: move the values to Parameter Store (--backend ssm) or into a store under the same names (--backend secret)", b.kind)
}

// withFile sets the file of the first candidate that names one.
func (b backend) withFile(candidates ...any) (backend, error) {
	for _, c := range candidates {
		switch c := c.(type) {
		case string:
			b.file = c
		case []any:
			if len(c) != 1 {
				return b, errors.New("file names several files, and the converted template can read one: give --file")
			}
			b.file, _ = c[0].(string)
		}
		if b.file != "" {
			break
		}
	}
	if !path.IsAbs(b.file) {
		return b, errors.New("the backend file needs the absolute path of its file: give --file")
	}
	return b, nil
}

// full returns an expression of the whole name of a key, with text before it.
func (b backend) full(before string, key arg) string {
	prefix := b.prefix
	if prefix == "/" {
		prefix = ""
	}
	switch {
	case key.isLiteral:
		return strconv.Quote(before + path.Join("/", prefix, key.literal))
	case key.format != "":
		return "(printf " + strconv.Quote(strings.ReplaceAll(before+prefix, "%", "%%")+key.format) + " " + key.rest + ")"
	case before+prefix == "":
		return key.text
	}
	return "(print " + strconv.Quote(before+prefix) + " " + key.text + ")"
}

// variable returns an expression of the environment variable of a key.
func (b backend) variable(key arg) string {
	if key.isLiteral {
		name := strings.TrimPrefix(path.Join("/", b.prefix, key.literal), "/")
		return strconv.Quote(strings.ToUpper(strings.ReplaceAll(name, "/", "_")))
	}
	return `(` + b.full("", key) + ` | trimPrefix "/" | replace "/" "_" | upper)`
}

// flat is an expression of all keys of the backend file.
func (b backend) flat() string {
	return "(pathMap (fromYaml (file " + strconv.Quote(b.file) + ")))"
}
