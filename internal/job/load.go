package job

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// Unit is one file of a job, ready to be rendered: a parsed template, a secret that is
// copied whole, or bytes.
type Unit struct {
	File     File
	Template *template.Template // nil: File.Secret or File.Data is the content
	Text     string             // the template's source
	// Ref is File.Secret with its context, or the default context.
	Ref source.Ref
}

// Load reads and parses the templates of a job. read returns the content of a file, and
// refuses files that other users can write. Load reports all faults, not only the first.
func Load(j *Job, sources []string, read func(path string) ([]byte, error)) ([]Unit, error) {
	units := make([]Unit, 0, len(j.Files))
	partials, err := loadPartials(j, read)
	if err != nil {
		return units, err
	}
	var errs []error
	l := loader{j, partials, sources, read, map[origin]parsed{}}
	for _, f := range j.Files {
		u, err := l.file(f)
		units = append(units, u)
		errs = append(errs, err)
	}
	return units, errors.Join(errs...)
}

// loadPartials reads the partials of a job that has templates.
func loadPartials(j *Job, read func(string) ([]byte, error)) (partials []template.Partial, err error) {
	if !slices.ContainsFunc(j.Files, func(f File) bool { return f.Src != "" || f.Content != "" }) {
		return nil, nil
	}
	for _, path := range j.Partials {
		text, readErr := read(path)
		if readErr != nil {
			err = errors.Join(err, fmt.Errorf("read partial: %w", readErr))
		}
		partials = append(partials, template.Partial{Name: path, Text: string(text)})
	}
	return partials, err
}

// loader reads the files of a job. A template that makes several is parsed once.
type loader struct {
	*Job
	partials []template.Partial
	sources  []string
	read     func(string) ([]byte, error)
	parsed   map[origin]parsed
}

// origin is where the template of several files is defined.
type origin struct{ src, place string }

type parsed struct {
	template *template.Template
	text     string
	err      error
}

func (l loader) file(f File) (Unit, error) {
	if f.Entry == nil {
		return l.one(f)
	}
	at := origin{f.Src, f.Origin}
	p, known := l.parsed[at]
	if !known {
		first, err := l.one(f)
		p = parsed{first.Template, first.Text, err}
		l.parsed[at] = p
		if err != nil {
			return first, err // once for all
		}
	}
	u := Unit{File: f, Text: p.text}
	if p.template != nil {
		u.Template = p.template.WithEntry(*f.Entry)
	}
	return u, nil
}

func (l loader) one(f File) (Unit, error) {
	j, read := l.Job, l.read
	u := Unit{File: f, Ref: f.Secret, Text: f.Content}
	pairs := f.Context
	if pairs == nil {
		pairs = j.Context
	}
	if f.Data != nil {
		return u, nil
	}
	if text, ok := partTemplate(f.Secret); ok {
		if given := f.Secret.Context.Map(); len(given) > 0 {
			pairs = given
		}
		u.File.Secret, u.File.LeftDelim, u.File.RightDelim = source.Ref{}, "", ""
		var err error
		u.Template, err = l.parse(u.File, f.Origin, text, pairs)
		return u, err
	}
	if f.Secret.Name != "" {
		var err error
		if u.Ref.Context.IsZero() {
			u.Ref.Context, err = source.NewContext(pairs)
			u.Ref = u.Ref.Plain()
		}
		return u, err
	}
	name := f.Src
	if f.Src != "" {
		text, err := read(f.Src)
		if err != nil && f.Verbatim {
			return u, fmt.Errorf("read file: %w", err)
		}
		if err != nil {
			return u, fmt.Errorf("read template: %w", err)
		}
		u.Text = string(text)
		if f.Verbatim {
			u.File.Data = append([]byte{}, text...) // not nil
			return u, nil
		}
	} else {
		name = f.Origin
	}
	var err error
	u.Template, err = l.parse(f, name, u.Text, pairs)
	return u, err
}

func (l loader) parse(f File, name, text string, pairs map[string]string) (*template.Template, error) {
	j := l.Job
	return template.Parse(text, template.Options{
		Name: name, LeftDelim: f.LeftDelim, RightDelim: f.RightDelim,
		Vars: j.Vars, Entry: f.Entry, Contexts: j.Contexts, Context: pairs,
		Sources: slices.Concat(l.sources, j.Store.SourceNames()), Allow: j.Allow, Restrict: j.Restrict,
		Partials: l.partials,
	})
}

// partTemplate returns a template for a file that is a part of a document, NAME#/pointer.
// Only templates reach into documents. A name without #/ gives none, and neither does a
// secret of Secrets Manager, which reads its documents itself, nor a plain object.
func partTemplate(r source.Ref) (string, bool) {
	if _, _, ok := r.Within(); !ok || r.Version != "" || r.Source == source.SecretsManager || r.Source == source.S3Object {
		return "", false
	}
	return "{{ secret " + strconv.Quote(r.Text()) + " }}", true
}
