package golden

import (
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// entry returns the .Key and .Value of a case's template, or nil if it has none. A case may
// leave out the value of a key that for_each lists in the config.
func (r *Runner) entry(f job.File, t *config.TestFile, c config.TestCase) (*template.Entry, error) {
	wrong := func(msg, hint string) error {
		return &config.Error{File: t.Path, Line: c.Line, Key: "cases." + c.Name, Msg: msg, Hint: hint}
	}
	switch {
	case c.Entry == nil && f.Each != nil:
		return nil, wrong("has no key, and the template is one of for_each", "write key: and an entry of the config")
	case c.Entry == nil:
		return nil, nil
	case f.Dest != "" && f.Each == nil:
		return nil, wrong("has a key, and the file of the config has no for_each", "")
	}
	e := template.Entry{Key: c.Entry.Key, Value: c.Entry.Key}
	switch {
	case c.HasValue:
		e.Value = c.Entry.Value
	case f.Each == nil:
	case f.Each.Pattern.Name != "":
		if !source.Match(f.Each.Pattern.Name, e.Key) {
			return nil, wrong(source.Show(e.Key)+" does not match "+source.Show(f.Each.Pattern.Name)+" of for_each", "")
		}
	default:
		listed := false
		for _, known := range f.Each.Entries {
			if known.Key == e.Key {
				e, listed = known, true
			}
		}
		if !listed {
			return nil, wrong(source.Show(e.Key)+" is not an entry of for_each in the config", "give the value too")
		}
	}
	return &e, nil
}
