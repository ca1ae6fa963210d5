package confd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxFile is the size that a file of the folder may have.
const maxFile = 64 << 20

// global is confd.toml, as far as it concerns what is rendered.
type global struct {
	Backend  string
	Prefix   string
	Interval int
	File     any // one path or several
	left     []Left

	// These change where confd looks and what it logs, not what it renders.
	ConfDir  string `toml:"confdir"`
	LogLevel string `toml:"log-level"`
	Nodes    []string
	Scheme   string
	Noop     bool
}

// resource is a file of conf.d.
type resource struct {
	Template struct {
		Src, Dest    string
		Mode         string
		UID, GID     *int
		Owner, Group string
		Prefix       string
		Keys         []string
		CheckCmd     string `toml:"check_cmd"`
		ReloadCmd    string `toml:"reload_cmd"`
		CheckTime    string `toml:"check_cmd_timeout"`
		ReloadTime   string `toml:"reload_cmd_timeout"`
		OutputFormat string `toml:"output_format"`
	}
	Backend struct {
		Backend string
		File    any
	}
	path string
	text string
	left []Left
}

// name is the base name of the file.
func (r *resource) name() string { return strings.TrimSuffix(path.Base(r.path), ".toml") }

// lineOf returns the line on which a key of the resource is set.
func (r *resource) lineOf(key string) int {
	n := 0
	for line := range strings.Lines(r.text) {
		n++
		if name, _, ok := strings.Cut(line, "="); ok && strings.EqualFold(strings.TrimSpace(name), key) {
			return n
		}
	}
	return 1
}

func readGlobal(folder fs.FS) (*global, error) {
	const name = "confd.toml"
	text, err := readFile(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return &global{}, nil
	}
	g := &global{}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	g.left, err = decode(name, text, g)
	return g, err
}

func readResources(folder fs.FS) ([]*resource, error) {
	paths, err := fs.Glob(folder, "conf.d/*.toml")
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New("no conf.d/*.toml in it: not a folder of confd")
	}
	var all []*resource
	for _, p := range paths {
		text, err := readFile(folder, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		r := &resource{path: p, text: string(text)}
		if r.left, err = decode(p, text, r); err != nil {
			return nil, err
		}
		if r.Template.Src == "" || r.Template.Dest == "" {
			return nil, fmt.Errorf("%s: no src or no dest", p)
		}
		all = append(all, r)
	}
	return all, nil
}

// decode reads TOML. Unknown keys are left.
func decode(name string, text []byte, into any) ([]Left, error) {
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	err := d.Decode(into)
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var left []Left
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			left = append(left, Left{name, line, strings.Join(e.Key(), ".")})
		}
		return left, nil
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := bad.Position()
		return nil, fmt.Errorf("%s:%d: %s", name, line, strings.TrimPrefix(bad.Error(), "toml: "))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return nil, nil
}

func readFile(folder fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no such file: %w", fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, errors.New("not a regular file of at most 64 MiB")
	}
	return fs.ReadFile(folder, name)
}
