package credsmash

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/credrender/credrender/internal/compat/jinja"
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
)

// renderer renders the entries of one command together.
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

// maxBatches bounds the depth of secrets whose names depend on other secrets.
const maxBatches = 16

// run renders all entries. One batch fetches all secrets whose names do not depend on
// another secret, and each further level of names takes one more batch.
func (r *renderer) run(ctx context.Context, entries []*entry) error {
	for range maxBatches {
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
		if err := r.fetchBatch(ctx, wanted); err != nil {
			return err
		}
	}
	return fmt.Errorf("names of secrets depend on other secrets more than %d levels deep", maxBatches)
}

func (r *renderer) fetchBatch(ctx context.Context, wanted map[string]bool) error {
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

// render renders one entry with the secrets fetched so far, and adds the others to wanted.
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

// keyName applies --key-fmt to the key in a template. credsmash applies it only with
// --secrets-file, which is a bug: it computes the name and then requests the bare key.
func (r *renderer) keyName(key py.Value) (string, error) {
	args := []py.Value{key}
	if t, ok := key.(py.Tuple); ok {
		args = t
	}
	name, err := py.Caught(func() string { return py.Format(r.keyFmt, args, nil) })
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
