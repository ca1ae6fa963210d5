package template

import "github.com/credrender/credrender/pkg/template/internal/funcs"

// Entry is what one of several files that a template makes is made for: .Key and .Value.
type Entry struct {
	Key   string
	Value any
}

// WithEntry returns the template with another entry.
func (t *Template) WithEntry(e Entry) *Template {
	other := *t
	other.opts.Entry = e.clone()
	return &other
}

func (e *Entry) clone() *Entry {
	if e == nil {
		return nil
	}
	return &Entry{e.Key, funcs.DeepCopy(e.Value)}
}

// data returns the dot of the template: each pass works on a copy.
func (o Options) data() map[string]any {
	vars := o.Vars
	if vars == nil { // encoders write null for it
		vars = map[string]any{}
	}
	data := map[string]any{"Vars": funcs.DeepCopy(vars)}
	if o.Entry != nil {
		data["Key"], data["Value"] = o.Entry.Key, funcs.DeepCopy(o.Entry.Value)
	}
	return data
}
