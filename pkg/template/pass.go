package template

import (
	"context"
	"errors"
	"fmt"
	"text/template"
	"time"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Bounds of one pass. Nothing that renders a config file comes near them.
const (
	maxSteps  = 1_000_000 // calls and iterations
	maxDepth  = 500       // of templates and ranges within each other
	maxOutput = 64 << 20  // bytes
)

// pass is one execution of a template. A real pass prints; any other runs over
// values that may be unknown, to find what is asked for and what depends on it.
type pass struct {
	ctx    context.Context
	t      *Template
	lookup Lookup
	real   bool

	// Of passes that are not real.
	withhold func(Query) bool // answers that are known and not told
	likely   bool             // random results are stood for by something alike
	tolerant bool             // an error is something unknown

	out    []byte
	marks  []mark            // what a real pass printed, in order
	prints map[place]printed // what any other pass printed
	noted  map[place]bool    // places met: was the value there known?
	frames []frame
	steps  int

	asked   []Query         // in order, each once
	known   map[Query]bool  // of those asked: does lookup have an answer?
	told    bool            // a hidden answer was given
	keys    map[Query]bool  // of those asked and those refused
	heard   map[string]bool // what functions said of arguments that are known
	dark    map[int]bool    // branches that turned on something unknown when last met
	turns   map[place]turn  // what branches did
	guide   map[place]turn  // what they do where they turn on something unknown; nil: nothing
	escaped bool            // something unknown may hold a known map
	random  bool            // a random result was left unknown
	failed  error           // what ended a pass of runOn
}

func (t *Template) newPass(ctx context.Context, lookup Lookup) *pass {
	return &pass{ctx: ctx, t: t, lookup: lookup, known: map[Query]bool{}, keys: map[Query]bool{}, heard: map[string]bool{},
		dark: map[int]bool{}, turns: map[place]turn{}, prints: map[place]printed{}, noted: map[place]bool{}}
}

// errPanic stands for a panic of text/template itself, whose text is not kept.
var errPanic = errors.New("template execution broke down")

func (p *pass) run() (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	missingKey := "missingkey=zero" // a field of something unknown is unknown
	if p.real {
		missingKey = "missingkey=error"
	}
	tt := template.New(rootName).Funcs(p.functions()).Option(missingKey)
	for name, tree := range p.t.trees {
		if _, err := tt.AddParseTree(name, tree); err != nil {
			return err
		}
	}
	return tt.Execute(p, map[string]any{"Vars": funcs.DeepCopy(p.t.opts.Vars)})
}

func (p *pass) functions() template.FuncMap {
	m := template.FuncMap{
		fnEmit: p.emit, fnBranch: p.branch, fnEach: p.each, fnDone: p.done, fnEnter: p.enter, fnLeave: p.done,
		fnKnown:   func(id int) bool { return !p.dark[id] },
		fnUnknown: func(int) unknown { return nil },
		fnHalt:    func(int) (string, error) { return "", errHalt },
		fnNote:    p.note,
		fnPend:    pend,
		fnTruth:   truth,
		fnSettle:  settle,
	}
	for name, f := range p.t.used {
		if p.real && !f.native {
			m[name] = p.strict(name, f)
		} else {
			m[name] = p.lift(name, f)
		}
	}
	return m
}

// Write takes what is printed; passes that are not real need none of it.
func (p *pass) Write(b []byte) (int, error) {
	if !p.real {
		return len(b), p.ctx.Err()
	}
	if len(p.out)+len(b) > maxOutput {
		return 0, funcs.Problem(fmt.Sprintf("the output is larger than %d MiB", maxOutput>>20))
	}
	p.out = append(p.out, b...)
	return len(b), p.ctx.Err()
}

// tick counts a call or an iteration.
func (p *pass) tick() error {
	p.steps++
	if p.steps > p.t.maxSteps {
		return funcs.Problem(fmt.Sprintf("the template does not end: %d steps", p.t.maxSteps))
	}
	return p.ctx.Err()
}

// ask answers a query of a function.
func (p *pass) ask(q Query) (any, error) {
	p.keys[q.Key()] = true
	if err := p.t.permit(q); err != nil {
		return nil, &askError{q, err}
	}
	a, ok := p.lookup(q)
	if _, again := p.known[q]; !again {
		p.asked = append(p.asked, q)
		p.known[q] = ok
	}
	switch {
	case ok && p.withhold != nil && p.withhold(q):
		return nil, errUnknown
	case ok:
		p.told = p.told || q.Kind.Hidden()
		if a.Err != nil {
			return nil, &askError{q, a.Err}
		}
		return a.Value, nil
	case p.real:
		return nil, &askError{q, ErrNotFetched}
	}
	return nil, errUnknown
}

// Now asks for the time of the run. With Zone it makes a pass a [funcs.Clock].
func (p *pass) Now() (time.Time, error) {
	v, err := p.ask(Query{Kind: Now})
	if err != nil {
		return time.Time{}, err
	}
	return as[time.Time](v)
}

// Zone asks for a time zone.
func (p *pass) Zone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	v, err := p.ask(Query{Kind: Zone, Name: name})
	if err != nil {
		return nil, err
	}
	return as[*time.Location](v)
}

// as checks the type of an answer.
func as[T any](v any) (T, error) {
	if t, ok := v.(T); ok {
		return t, nil
	}
	var zero T
	return zero, funcs.Problem(fmt.Sprintf("the answer is a %T and not a %T", v, zero))
}
