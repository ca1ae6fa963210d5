package template

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"text/template/parse"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Options are how a template is parsed and what it may ask for.
type Options struct {
	// Name is the template's name in messages: the path of its file.
	Name string
	// LeftDelim and RightDelim replace {{ and }} if they are not empty.
	LeftDelim, RightDelim string
	// Vars is .Vars in the template. Each pass works on a copy.
	Vars map[string]any
	// Entry is .Key and .Value in the template; nil: it has neither.
	Entry *Entry
	// Contexts are the encryption contexts that a template may use by name.
	Contexts map[string]map[string]string
	// Context is the encryption context of a secret that states none.
	Context map[string]string
	// Sources are the configured prefixes of names, besides the built-in ones.
	Sources []string
	// Allow are patterns of the names that may be asked for, with * for any run of
	// characters and with the prefix of the source; empty: all.
	Allow []string
	// Partials are further files, whose definitions the template may use: [Partial].
	Partials []Partial
	// Restrict refuses the functions that look at the machine: env, file, hostname, ec2
	// and the clock.
	Restrict bool
}

// Template is a parsed template. It does not change and may be used by
// several goroutines at once.
type Template struct {
	opts     Options
	text     string                 // of the template and its partials
	parts    []part                 // where each begins in text
	original map[string]*parse.Tree // as parsed: for lint
	trees    map[string]*parse.Tree // as executed
	sites    []site
	used     map[string]function // of the table
	strings  map[string]bool     // the string constants of the text
	maxSteps int
	maxMade  int // bytes
	refs     func() []StaticRef
	// constantKeys are the keys of the queries whose arguments are constants.
	constantKeys func() map[Query]bool
}

// execute renders the template over what x knows.
func (t *Template) execute(ctx context.Context, x *Rendering) (Output, error) {
	p := t.newPass(ctx, x)
	p.real = true
	if err := p.run(); err != nil {
		return Output{}, t.explain(err, p)
	}
	if err := t.checkText(p); err != nil {
		return Output{}, err
	}
	p.endRegions(0)
	return Output{Bytes: p.out, marks: p.marks, regions: p.regions}, nil
}

// checkText refuses a binary value inside a text. A file that is one value may be binary.
func (t *Template) checkText(p *pass) error {
	for _, m := range p.marks {
		if utf8.Valid(p.out[m.start:m.end]) || m.end-m.start == len(p.out) {
			continue
		}
		e := t.errorAt(t.sites[m.site].pos)
		e.Msg = "a value that is not UTF-8 cannot be part of a text: use b64enc, or secret: in the config for a file of its own"
		if queries := p.binary(); len(queries) > 0 {
			e.Msg = Label(queries...) + ": " + e.Msg
		}
		e.OfValue = !t.runOutside(p).noted[m.place]
		return e
	}
	return nil
}

// binary returns the queries whose values are not UTF-8.
func (p *pass) binary() (found []Query) {
	named := p.t.named(p)
	for _, q := range p.asked {
		var s string
		var err error
		switch q.Kind {
		case Secret:
			s, err = p.secret(q)
		case File:
			s, err = file(p, q.Name)
		}
		if err == nil && !utf8.ValidString(s) {
			q.Derived = !named[q.Key()]
			found = append(found, q)
		}
	}
	return found
}

// Output is a rendered file. Its bytes may hold secrets.
type Output struct {
	Bytes   []byte
	marks   []mark
	regions []region
}

// Print is the position of an action's output in a file's bytes.
type Print struct{ Start, End int }

// Prints returns the positions of what actions printed, in order. All else is the
// template's own text.
func (o Output) Prints() []Print {
	prints := make([]Print, len(o.marks))
	for i, m := range o.marks {
		prints[i] = Print{m.start, m.end}
	}
	return prints
}

// Format writes only the size, so that no value gets into a log.
func (o Output) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[%d bytes]", len(o.Bytes)) }

// LogValue returns only the size.
func (o Output) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// textOf returns what an action prints for v. Nil is an error, where text/template
// prints "<no value>", and so are lists, maps and structs.
func textOf(v reflect.Value) (string, error) {
	v = concrete(v)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", funcs.Problem("nothing to print: the value is nil (a missing key, or an unset variable?)")
	}
	scalar, err := funcs.Scalar(v.Interface())
	if err != nil {
		return "", funcs.Problem("cannot print " + err.Error())
	}
	if s, isText := scalar.(string); isText {
		return s, nil // a copy of a large one in each place would need much memory
	}
	return fmt.Sprint(scalar), nil
}

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
