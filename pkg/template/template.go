package template

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"text/template/parse"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Options say how a template is parsed and what it may ask for.
type Options struct {
	// Name is the template's name in messages: the path of its file.
	Name string
	// LeftDelim and RightDelim replace {{ and }} where they are not empty.
	LeftDelim, RightDelim string
	// Vars is what the template sees as .Vars. Each pass works on a copy.
	Vars map[string]any
	// Contexts are the encryption contexts that a template may name.
	Contexts map[string]map[string]string
	// Context is the encryption context of a secret that names none.
	Context map[string]string
	// Sources are the configured prefixes that count in a secret's name.
	Sources []string
	// Allow limits the names that may be asked for (* stands for any run of
	// characters; "prefix:name" where a source has a prefix); empty: all.
	Allow []string
	// Restrict refuses the functions that look outside the store: env, file,
	// hostname and the clock.
	Restrict bool
}

// Limits of a template's text.
const (
	maxText    = 4 << 20 // bytes
	maxNesting = 100     // of if, with and range
)

// rootName is the name of a template among its definitions; none of them can
// have it by accident.
const rootName = "\x00"

// Template is a parsed template. It does not change and may be used by
// several goroutines at once.
type Template struct {
	opts     Options
	text     string
	original map[string]*parse.Tree // as parsed: for lint
	trees    map[string]*parse.Tree // as executed
	sites    []site
	table    map[string]function
	used     map[string]function // of the table
	builtins builtins
	strings  map[string]bool // the string constants of the text
}

// Parse reads a template. Errors are of type [*Error] and wrap [ErrSyntax].
func Parse(text string, o Options) (*Template, error) {
	t := &Template{opts: o.clone(), text: text, table: table(), builtins: builtins{}, strings: map[string]bool{}}
	if len(text) > maxText {
		return nil, t.syntax(0, fmt.Sprintf("the template is larger than %d MiB", maxText>>20))
	}
	if nesting(text, o.LeftDelim) > maxNesting {
		return nil, t.syntax(0, fmt.Sprintf("if, with and range are nested more than %d deep", maxNesting))
	}
	if err := t.parse(); err != nil {
		return nil, err
	}
	if err := t.prepare(); err != nil {
		return nil, err
	}
	return t, nil
}

// nesting returns how deep the parser, and then the execution, would go. It
// looks at words alone, before the parser does, which has no limit but the
// stack.
func nesting(text, left string) (deepest int) {
	if left == "" {
		left = "{{"
	}
	words := regexp.MustCompile(regexp.QuoteMeta(left) + `(?:- )?\s*(if|with|range|block|define|end|else\s+if|else\s+with)\b`)
	var chains []int // of an if and its else ifs
	depth := 0
	for _, m := range words.FindAllStringSubmatch(text, -1) {
		switch word := m[1]; {
		case word == "end":
			if len(chains) > 0 {
				depth -= chains[len(chains)-1]
				chains = chains[:len(chains)-1]
			}
		case word[0] == 'e' && len(chains) > 0:
			chains[len(chains)-1]++
			depth++
		default:
			chains = append(chains, 1)
			depth++
		}
		deepest = max(deepest, depth)
	}
	return deepest
}

func (t *Template) parse() error {
	known := map[string]any{"and": true, "or": true, "call": true}
	for name := range t.table {
		known[name] = true
	}
	trees, err := parse.Parse(rootName, t.text, t.opts.LeftDelim, t.opts.RightDelim, known)
	if err != nil {
		return t.parseError(err)
	}
	t.original = trees
	return nil
}

// prepare makes the trees that are executed, and finds what they call.
func (t *Template) prepare() error {
	t.trees, t.used = map[string]*parse.Tree{}, map[string]function{}
	r := &rewriter{mutators: map[string]bool{}}
	for name, f := range t.table {
		r.mutators[name] = f.Mutates
	}
	r.findMutating(t.original)
	for _, name := range slices.Sorted(maps.Keys(t.original)) {
		tree := t.original[name].Copy()
		if err := t.note(tree.Root); err != nil {
			return err
		}
		r.tree(tree)
		t.trees[name] = tree
	}
	t.sites = r.sites
	return nil
}

// note remembers the functions and constants of a tree.
func (t *Template) note(root *parse.ListNode) (err error) {
	inspect(root, func(n parse.Node) bool {
		switch n := n.(type) {
		case *parse.StringNode:
			t.strings[n.Text] = true
		case *parse.IdentifierNode:
			if f, ok := t.table[n.Ident]; ok {
				t.used[n.Ident] = f
			}
		case *parse.CommandNode:
			id, ok := n.Args[0].(*parse.IdentifierNode)
			if ok && t.table[id.Ident].native && err == nil {
				err = t.builtins.add(id.Ident, len(n.Args)) // one more may come through a pipe
			}
		}
		return err == nil
	})
	return err
}

// table returns all functions by name.
func table() map[string]function {
	all := asking()
	for name, f := range funcs.Table() {
		if _, ok := all[name]; !ok {
			all[name] = ready(f, "")
		}
	}
	for name, keeps := range builtinKeeps() {
		all[name] = function{Func: funcs.Func{Keeps: keeps}, native: true}
	}
	now := all["now"]
	now.kind = Now
	all["now"] = now
	return all
}

func (o Options) clone() Options {
	o.Vars, _ = deepCopy(o.Vars).(map[string]any)
	o.Contexts = maps.Clone(o.Contexts)
	for name, c := range o.Contexts {
		o.Contexts[name] = maps.Clone(c)
	}
	o.Context = maps.Clone(o.Context)
	o.Sources, o.Allow = slices.Clone(o.Sources), slices.Clone(o.Allow)
	return o
}

// Execute renders the template. Errors are of type [*Error]; they wrap the
// error of the answer that made them, [ErrNotAllowed], [ErrNotFetched] or the
// error of ctx where there was one, and never hold a value.
func (t *Template) Execute(ctx context.Context, lookup Lookup) (Output, error) {
	p := t.newPass(ctx, lookup)
	p.real = true
	if err := p.run(); err != nil {
		return Output{}, t.explain(err, p)
	}
	if err := t.checkText(p); err != nil {
		return Output{}, err
	}
	return Output{Bytes: p.out, marks: p.marks}, nil
}

// checkText refuses a binary value inside a text. A file that is one value is
// taken byte for byte.
func (t *Template) checkText(p *pass) error {
	for _, m := range p.marks {
		if utf8.Valid(p.out[m.start:m.end]) || m.end-m.start == len(p.out) {
			continue
		}
		e := t.errorAt(t.sites[m.site].pos)
		e.Msg = "a value that is not UTF-8 cannot stand inside a text: use b64enc, or secret: in the config for a file of its own"
		if queries := p.binary(); len(queries) > 0 {
			e.Msg = Label(queries...) + ": " + e.Msg
		}
		return e
	}
	return nil
}

// binary returns the queries whose values are not UTF-8.
func (p *pass) binary() (found []Query) {
	named := p.t.named(p)
	for _, q := range p.asked {
		if q.Kind != Secret && q.Kind != File {
			continue
		}
		if s, err := p.text(q); err == nil && !utf8.ValidString(s) {
			q.Derived = !named[q.Key()]
			found = append(found, q)
		}
	}
	return found
}

// Output is a rendered file. Its bytes may hold secrets.
type Output struct {
	Bytes []byte
	marks []mark
}

// Format writes the size alone, so that no value gets into a log.
func (o Output) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[%d bytes]", len(o.Bytes)) }

// LogValue gives the size alone.
func (o Output) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// textOf returns what text/template prints for v. Nil is an error, where
// text/template prints "<no value>".
func textOf(v reflect.Value) (string, error) {
	v = concrete(v)
	for v.Kind() == reflect.Pointer && !v.IsNil() && !isPrinter(v.Type()) {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return "", funcs.Problem("nothing to print: the value is nil (a key that is not there?)")
	case reflect.String:
		if !isPrinter(v.Type()) {
			return v.String(), nil
		}
	case reflect.Chan, reflect.Func:
		return "", funcs.Problem("a " + v.Type().String() + " cannot be printed")
	case reflect.Pointer:
		if v.IsNil() {
			return "", funcs.Problem("nothing to print: the value is nil")
		}
	}
	return fmt.Sprint(v.Interface()), nil
}

func isPrinter(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[fmt.Stringer]()) || t.Implements(reflect.TypeFor[error]())
}

// Functions returns the names of all functions that templates can call, less
// text/template's own and, or and call.
func Functions() []string { return slices.Sorted(maps.Keys(table())) }
