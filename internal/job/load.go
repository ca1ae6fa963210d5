package job

import (
	"errors"
	"fmt"
	"slices"

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
	for _, f := range j.Files {
		u, err := loadFile(j, f, partials, sources, read)
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

func loadFile(j *Job, f File, partials []template.Partial, sources []string, read func(string) ([]byte, error)) (Unit, error) {
	u := Unit{File: f, Ref: f.Secret, Text: f.Content}
	pairs := f.Context
	if pairs == nil {
		pairs = j.Context
	}
	if f.Data != nil {
		return u, nil
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
		if err != nil {
			return u, fmt.Errorf("read template: %w", err)
		}
		u.Text = string(text)
	} else {
		name = f.Origin
	}
	var err error
	u.Template, err = template.Parse(u.Text, template.Options{
		Name: name, LeftDelim: f.LeftDelim, RightDelim: f.RightDelim,
		Vars: j.Vars, Contexts: j.Contexts, Context: pairs,
		Sources: slices.Concat(sources, j.Store.SourceNames()), Allow: j.Allow, Restrict: j.Restrict,
		Partials: partials,
	})
	return u, err
}
