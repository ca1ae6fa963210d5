package credsmash

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/credrender/credrender/internal/compat/jinja"
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
)

// entry is a file to render: a template, or a secret to copy.
type entry struct {
	file     File
	source   string // as the manifest has it
	template *jinja.Template
	secret   string
}

func (s *session) renderTemplate(ctx context.Context) error {
	path, destination := s.call.args[0], s.call.args[1]
	text, err := s.read("TEMPLATE", path)
	if err != nil {
		return err
	}
	r, err := s.renderer()
	if err != nil {
		return err
	}
	t, err := jinja.Parse(path, string(text))
	if err != nil {
		return err
	}
	entries := []*entry{{file: File{Path: destination}, source: path, template: t}}
	if err := r.run(ctx, entries); err != nil {
		return err
	}
	return s.write(ctx, destination, entries[0].file.Data)
}

// renderTemplates renders the entries of a manifest. It writes all files together, or
// none if one fails.
func (s *session) renderTemplates(ctx context.Context) error {
	path := s.call.args[0]
	data, err := s.read("MANIFEST", path)
	if err != nil {
		return err
	}
	r, err := s.renderer()
	if err != nil {
		return err
	}
	entries, err := s.manifest(data, s.call.text("--manifest-format", formatOf(path, "json")))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := r.run(ctx, entries); err != nil {
		return err
	}
	files := make([]File, len(entries))
	for i, e := range entries {
		files[i] = e.file
	}
	if err := s.Install(ctx, path, files); err != nil {
		return err
	}
	for _, e := range entries {
		if e.template == nil {
			s.log(levelInfo, "templates", "Wrote secret=%q destination=%q", e.secret, e.file.Path)
			continue
		}
		s.log(levelInfo, "templates", "Rendered template=%q destination=%q", e.source, e.file.Path)
	}
	return nil
}

// manifest parses the entries and reads their templates. It reports all errors.
func (s *session) manifest(data []byte, format string) ([]*entry, error) {
	v, err := parse(data, format)
	if err != nil {
		return nil, err
	}
	list, ok := v.(*py.List)
	if !ok || format == "csv" {
		return nil, errors.New("a manifest is a list of entries")
	}
	var entries []*entry
	var failed []error
	seen := map[string]bool{}
	for i, item := range list.Items {
		d, _ := item.(*py.Dict)
		e, err := s.entry(d)
		if err == nil && seen[filepath.Clean(e.file.Path)] {
			err = fmt.Errorf("duplicate destination %s", source.Show(e.file.Path))
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		seen[filepath.Clean(e.file.Path)] = true
		entries = append(entries, e)
	}
	return entries, errors.Join(failed...)
}

func (s *session) entry(d *py.Dict) (*entry, error) {
	text := func(key string) string { v, _ := d.Get(key); t, _ := v.(string); return t }
	e := &entry{file: File{Path: text("destination")}, source: text("source"), secret: text("secret")}
	switch {
	case e.file.Path == "":
		return nil, errors.New("has no destination")
	case e.source != "" && e.secret != "":
		return nil, errors.New("has both secret and source: give one")
	case e.source == "" && e.secret == "":
		//lint:ignore ST1005 credsmash's words
		return nil, errors.New("Manifest entry must contain a secret or source")
	}
	if owner, group := text("owner"), text("group"); owner != "" && group != "" {
		e.file.Owner, e.file.Group = owner, group
	} else if owner+group != "" {
		s.log(levelWarning, "templates", "%s: owner and group apply only together; neither is set", source.Show(e.file.Path))
	}
	keys := []string{"source", "secret", "destination", "mode", "owner", "group"}
	for k := range d.All() {
		if key, _ := k.(string); !slices.Contains(keys, key) {
			s.log(levelWarning, "templates", "%s: %s is not a key of an entry; ignored", source.Show(e.file.Path), source.Show(key))
		}
	}
	var err error
	if mode, given := d.Get("mode"); given {
		if e.file.Mode, err = fileMode(mode); err != nil {
			return nil, err
		}
	}
	if e.source == "" {
		return e, nil
	}
	template, err := s.ReadFile(e.source)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	e.template, err = jinja.Parse(e.source, string(template))
	return e, err
}

// fileMode parses a mode. A number has its value (420 in JSON is 0644), and a string is
// octal.
func fileMode(v py.Value) (*fs.FileMode, error) {
	n, ok := py.Int(v)
	if text, isText := v.(string); isText {
		parsed, err := strconv.ParseInt(text, 8, 32)
		n, ok = parsed, err == nil
	}
	if !ok || n < 0 || n > 0o777 {
		return nil, errors.New(`mode must be a number up to 511 (0777), or octal between quotes, as "0640"`)
	}
	mode := fs.FileMode(n)
	return &mode, nil
}
