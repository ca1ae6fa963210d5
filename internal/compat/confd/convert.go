// Package confd converts a folder of confd (conf.d/*.toml and templates) to a config and
// templates of credrender.
//
// [Convert] reads the folder (resource.go), rewrites the pipelines of each template in place
// (template.go), and writes one job for each resource (config.go). Comments and
// white space of templates stay. calls.go converts the functions of confd, and backend.go and
// keys.go its keys.
//
// A part without an equivalent becomes a call of fail, and is in a list for the caller to
// report. A partly converted template therefore fails to render, instead of rendering
// something else. The package sends no request and reads only the folder.
package confd

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Options are what confd has on its command line.
type Options struct {
	Backend string // ssm, env, file, or secret for values that were moved into a store
	Prefix  string // of all keys
	File    string // of the backend file
}

// Left is a part that could not be converted.
type Left struct {
	File string
	Line int
	What string
}

// File is a file of the result.
type File struct {
	Name string
	Data []byte
}

// ConfigName is the name of the config in the result.
const ConfigName = "credrender.yaml"

// Convert returns the config and the templates, and the parts that could not be
// converted. It fails if the folder is not one of confd, a file in it cannot be read or
// parsed, or the backend is unknown.
func Convert(folder fs.FS, o Options) ([]File, []Left, error) {
	global, err := readGlobal(folder)
	if err != nil {
		return nil, nil, err
	}
	resources, err := readResources(folder)
	if err != nil {
		return nil, nil, err
	}
	r := &result{folder: folder, texts: map[string][]byte{}}
	r.left = append(r.left, global.left...)
	var jobs []job
	for _, res := range resources {
		r.left = append(r.left, res.left...)
		store, err := backendOf(o, global, res)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", res.path, err)
		}
		src, patterns, err := r.template(res, store)
		if err != nil {
			return nil, nil, err
		}
		jobs = append(jobs, r.job(res, src, patterns))
	}
	config, err := encode(jobs, global.Interval)
	if err != nil {
		return nil, nil, err
	}
	return append([]File{{ConfigName, config}}, r.files...), r.left, nil
}

// result is what has been converted so far.
type result struct {
	folder fs.FS
	files  []File
	texts  map[string][]byte // of files, by name
	left   []Left
}

// template converts the template of a resource, and returns the name of the result and
// the patterns that may match nothing. Resources with another prefix or backend get a
// file of their own.
func (r *result) template(res *resource, store backend) (name string, patterns []string, err error) {
	file := path.Join("templates", res.Template.Src)
	text, err := readFile(r.folder, file)
	if err != nil {
		return "", nil, fmt.Errorf("%s: template %s: %w", res.path, res.Template.Src, err)
	}
	c := &converter{file: file, text: string(text), store: store}
	out, err := c.convert()
	if err != nil {
		return "", nil, err
	}
	if same, taken := r.texts[file]; taken && !bytes.Equal(same, out) {
		file = path.Join(path.Dir(file), res.name()+"-"+path.Base(file))
	} else if taken {
		return file, c.patterns, nil
	}
	r.texts[file] = out
	r.files = append(r.files, File{file, out})
	r.left = append(r.left, c.left...)
	return file, c.patterns, nil
}

// lineAt returns the number of the line that a position is in.
func lineAt(text string, pos int) int { return 1 + strings.Count(text[:pos], "\n") }
