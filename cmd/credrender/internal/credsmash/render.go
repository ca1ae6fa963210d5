package credsmash

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/credrender/credrender/cmd/credrender/internal/jinja"
	"github.com/credrender/credrender/cmd/credrender/internal/jinja/py"
	"github.com/credrender/credrender/pkg/source"
)

// entry is one file to render: a template, or a secret that is copied whole.
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

// renderTemplates renders what a manifest lists. Nothing is written unless all
// of it can be, and then all files change together.
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

// manifest reads the entries and their templates. All that is wrong is reported
// at once.
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
			err = fmt.Errorf("%s is a destination twice", source.Show(e.file.Path))
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
	case e.source == "" && e.secret == "":
		//lint:ignore ST1005 credsmash's words
		return nil, errors.New("Manifest entry must contain a secret or source")
	}
	if owner, group := text("owner"), text("group"); owner != "" && group != "" {
		e.file.Owner, e.file.Group = owner, group
	} else if owner+group != "" {
		s.log(levelWarning, "templates", "%s: owner and group count together only; none is set", source.Show(e.file.Path))
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

// fileMode reads a mode: a number is what chmod takes (JSON's 420 is 0644), a
// string is octal.
func fileMode(v py.Value) (*fs.FileMode, error) {
	n, ok := py.Int(v)
	if text, isText := v.(string); isText {
		parsed, err := strconv.ParseInt(text, 8, 32)
		n, ok = parsed, err == nil
	}
	if !ok || n < 0 || n > 0o777 {
		return nil, errors.New(`mode is to be a number up to 511 (0777), or octal between quotes, as "0640"`)
	}
	mode := fs.FileMode(n)
	return &mode, nil
}

// renderer renders entries together.
type renderer struct {
	*session
	keyFmt  string
	objName string
	vars    *py.Dict
	local   map[string]string // of --secrets-file; nil: the store
	got     map[string]source.Result
}

func (s *session) renderer() (*renderer, error) {
	r := &renderer{
		session: s, got: map[string]source.Result{}, vars: py.NewDict(),
		keyFmt: s.call.text("--key-fmt", "{0}"), objName: s.call.text("--obj-name", "secrets"),
	}
	if path := s.call.text("--secrets-file", ""); path != "" {
		data, err := s.read("--secrets-file", path)
		if err != nil {
			return nil, err
		}
		if r.local, _, err = parseSecrets(data, s.call.text("--secrets-file-format", formatOf(path, "json"))); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if path := s.call.text("--template-vars", ""); path != "" {
		data, err := s.read("--template-vars", path)
		if err != nil {
			return nil, err
		}
		if r.vars, err = parseDict(data, s.call.text("--template-vars-format", formatOf(path, "json"))); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if _, held := r.vars.Get(r.objName); held {
		s.log(levelWarning, "templates", "Overwrote '%s' from template vars with secrets var.", r.objName)
	}
	return r, nil
}

// maxWaves bounds how deep secrets may name secrets.
const maxWaves = 16

// run renders all entries: one wave fetches everything that no secret's value
// decides about, one more each level below.
func (r *renderer) run(ctx context.Context, entries []*entry) error {
	for range maxWaves {
		wanted := map[string]bool{}
		var failed []error
		for _, e := range entries {
			data, err := r.render(e, wanted)
			if err != nil && !errors.Is(err, jinja.ErrPending) {
				failed = append(failed, err)
			}
			e.file.Data = data
		}
		if len(wanted) == 0 {
			return errors.Join(failed...)
		}
		if err := r.wave(ctx, wanted); err != nil {
			return err
		}
	}
	return fmt.Errorf("secrets name other secrets more than %d levels deep", maxWaves)
}

func (r *renderer) wave(ctx context.Context, wanted map[string]bool) error {
	b, err := r.store(ctx)
	if err != nil {
		return err
	}
	var refs []source.Ref
	for name := range wanted {
		refs = append(refs, source.Ref{Name: name, Context: r.context})
	}
	slices.SortFunc(refs, func(x, y source.Ref) int { return compareVersions(x.Name, y.Name) })
	for ref, got := range b.Fetch(ctx, refs) {
		r.got[ref.Name] = got
	}
	return ctx.Err()
}

// render renders one entry as far as secrets are known; those that are not are
// added to wanted.
func (r *renderer) render(e *entry, wanted map[string]bool) ([]byte, error) {
	lookup := func(key py.Value) ([]byte, bool, error) {
		name, err := r.keyName(key)
		if err != nil {
			return nil, true, err
		}
		value, ready, err := r.find(name)
		if !ready {
			wanted[name] = true
		}
		return value, ready, err
	}
	if e.template == nil {
		value, ready, err := lookup(e.secret)
		if !ready {
			return nil, jinja.ErrPending
		}
		if err != nil {
			err = &secretError{e.secret, "", err}
		}
		return append([]byte{}, value...), err
	}
	text, err := e.template.Render(jinja.Context{Vars: r.vars, ObjName: r.objName, Lookup: lookup})
	return []byte(text), err
}

// keyName is the secret's name: key_fmt over what the template says. credsmash
// computes it and then asks for the bare key, unless --secrets-file is given.
func (r *renderer) keyName(key py.Value) (string, error) {
	args := []py.Value{key}
	if t, ok := key.(py.Tuple); ok {
		args = t
	}
	name, err := py.Format(r.keyFmt, args, nil)
	if err != nil {
		return "", fmt.Errorf("--key-fmt %s: %w", source.Show(r.keyFmt), err)
	}
	return name, nil
}

func (r *renderer) find(name string) (value []byte, ready bool, err error) {
	if r.local != nil {
		v, ok := r.local[name]
		if !ok {
			return nil, true, fmt.Errorf("%w in %s", source.ErrNotFound, r.call.text("--secrets-file", ""))
		}
		return []byte(v), true, nil
	}
	got, ok := r.got[name]
	if !ok {
		return nil, false, nil
	}
	if got.Err != nil {
		return nil, true, got.Err
	}
	return got.Secret.Reveal(), true, nil
}
