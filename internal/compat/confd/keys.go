package confd

import (
	"path"
	"strconv"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// check refuses a constant key that no backend of confd can have.
func (b backend) check(key arg) {
	switch {
	case !key.isLiteral:
	case key.literal == "/" || path.Join("/", key.literal) != key.literal:
		refuse("key %q: keys of confd begin with one / and end without", key.literal)
	case b.kind == inEnv && (strings.Contains(key.literal, "_") || strings.ToLower(key.literal) != key.literal):
		refuse("key %q: keys of the backend env have neither _ nor capitals", key.literal)
	}
}

// key writes getv, get and exists.
func (c *converter) key(name string, args []arg) string {
	key := args[0]
	c.store.check(key)
	switch {
	case name == "exists" && len(args) == 1:
		return c.store.exists(key)
	case name == "get" && len(args) == 1:
		return `dict "Key" ` + key.text + ` "Value" (` + c.store.value(key) + `)`
	case name == "getv" && len(args) == 1:
		return c.store.value(key)
	case name == "getv":
		return c.store.valueOr(key, args[1].text)
	}
	return refuse("%s with %d arguments", name, len(args))
}

// value is the value of a key, which must be there.
func (b backend) value(key arg) string {
	switch b.kind {
	case inSSM:
		return "ssm " + b.full("", key)
	case inSecret:
		return "secret " + b.full("", key)
	case inFile:
		return "pathValue " + b.full("", key) + " " + b.flat()
	}
	if key.isLiteral {
		return `expandenv "${` + strings.Trim(b.variable(key), `"`) + `}"`
	}
	return `expandenv (printf "${%s}" ` + b.variable(key) + `)`
}

// valueOr is the value of a key, or a default.
func (b backend) valueOr(key arg, instead string) string {
	switch b.kind {
	case inSSM:
		return "secretOr " + instead + " " + b.full("ssm:", key)
	case inSecret:
		return "secretOr " + instead + " " + b.full("", key)
	case inFile:
		return "ternary (get " + b.flat() + " " + b.full("", key) + ") " + instead + " (" + b.exists(key) + ")"
	}
	name := b.variable(key)
	return "ternary " + instead + " (env " + name + `) (kindIs "invalid" (env ` + name + "))"
}

// exists reports whether a key is there. A parameter is never empty; a secret may be.
func (b backend) exists(key arg) string {
	switch b.kind {
	case inSSM:
		return `ne "" (secretOr "" ` + b.full("ssm:", key) + ")"
	case inSecret:
		return `not (kindIs "bool" (secretOr false ` + b.full("", key) + "))"
	case inFile:
		return "hasKey " + b.flat() + " " + b.full("", key)
	}
	return `not (kindIs "invalid" (env ` + b.variable(key) + "))"
}

// below writes gets, getvs, ls and lsdir.
func (c *converter) below(name string, key arg) string {
	if c.store.kind == inEnv {
		return refuse("%s: the environment is not listed", name)
	}
	if name == "ls" || name == "lsdir" {
		if key.isLiteral {
			key.literal = path.Join("/", key.literal)
		}
		if key.literal == "/" {
			return refuse("%s of /", name)
		}
		return map[string]string{"ls": "pathNames ", "lsdir": "pathDirs "}[name] + c.folder(key)
	}
	base, pattern := split(name, key)
	if c.store.kind != inSSM && name == "gets" && c.store.prefix != "/" {
		return refuse("gets with a prefix in the backend %s", c.store.kind)
	}
	values := map[string]string{"getvs": "pathValues ", "gets": "pathPairs "}[name]
	if c.store.kind == inSSM {
		if name == "gets" {
			values += base.text + " "
		}
		c.mayBeEmpty(base)
		return values + pattern.text + " (ssmPath " + c.store.full("", base) + ")"
	}
	if name == "gets" {
		values += `"" `
	}
	return values + c.store.full("", key) + " " + c.all(base)
}

// folder is what ls and lsdir look at: a path, and the map that it is in.
func (c *converter) folder(key arg) string {
	if c.store.kind == inSSM {
		c.mayBeEmpty(key)
		return `"" (ssmPath ` + c.store.full("", key) + ")"
	}
	return c.store.full("", key) + " " + c.all(key)
}

// all is a map with at least the keys below a path, by their whole names.
func (c *converter) all(base arg) string {
	if c.store.kind == inFile {
		return c.store.flat()
	}
	c.mayBeEmpty(base)
	if base.isLiteral {
		base.literal = path.Join(base.literal, "*")
	} else {
		base = arg{format: base.format + "/*", rest: base.rest, text: `(print ` + base.text + ` "/*")`}
		if base.rest == "" {
			base.format = ""
		}
	}
	return "(secrets " + c.store.full("", base) + ")"
}

// mayBeEmpty notes that a folder may have no keys, which confd takes for an empty list.
func (c *converter) mayBeEmpty(base arg) {
	known, computed, _ := strings.Cut(base.format, "%")
	name := strings.TrimSuffix(path.Join("/", c.store.prefix, known, base.literal), "/")
	if computed == "" || strings.HasSuffix(known, "/") {
		name += "/"
	}
	if c.store.kind == inSSM {
		name = source.SSM + ":" + name
	}
	c.patterns = append(c.patterns, name+"*")
}

// split cuts a pattern into the folder before its first wildcard, and the rest.
func split(name string, key arg) (base, pattern arg) {
	text := key.literal
	if !key.isLiteral {
		if text = key.format; text == "" {
			refuse("%s of a pattern that is computed otherwise than by printf", name)
		}
	}
	if !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "%s/") {
		refuse("%s %q: keys of confd begin with /", name, text)
	}
	wild := strings.IndexAny(text, `*?[\`)
	if wild < 0 {
		wild = len(text)
	}
	cut := strings.LastIndexByte(text[:wild], '/')
	before, after := text[:cut], text[cut+1:]
	if key.isLiteral {
		before = path.Join("/", before)
		return arg{literal: before, isLiteral: true, text: strconv.Quote(before)}, arg{text: strconv.Quote(after)}
	}
	if strings.Contains(after, "%") {
		refuse("%s of a pattern with a computed part after its last /", name)
	}
	return arg{format: before, rest: key.rest, text: "(printf " + strconv.Quote(before) + " " + key.rest + ")"}, arg{text: strconv.Quote(after)}
}
