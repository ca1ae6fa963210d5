package template

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"text/template"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// pass is one execution of a template. A real pass prints. Any other runs over values
// that may be unknown, to find what the template asks for and what depends on it.
type pass struct {
	ctx  context.Context
	t    *Template
	x    *Rendering // nil: nothing is known
	real bool

	// Of passes that are not real.
	withhold func(Query) bool // known answers that are withheld
	likely   bool             // random results are replaced by placeholders
	tolerant bool             // an error counts as unknown

	executed *template.Template
	captured *capture // of the innermost include; nil: none

	out     []byte
	marks   []mark            // what a real pass printed, in order
	regions []region          // what the branches of a real pass printed, by their start
	met     map[int]bool      // sites of branches that were executed
	unsure  map[int]bool      // those that turned on something unknown
	open    []int             // the regions that have not ended
	prints  map[place]printed // what any other pass printed
	noted   map[place]bool    // places met: was the value there known?
	frames  []frame
	steps   int

	// What the pass has used of its bounds: see budget.go.
	made    int
	weighed map[uintptr]bool
	spent   bool                    // a bound ended it
	late    *Error                  // the time ended it
	busy    *atomic.Pointer[string] // the function that is executed now

	asked   []Query         // in order, each once
	known   map[Query]bool  // of those asked: is the answer known?
	told    bool            // a hidden answer was given
	keys    map[Query]bool  // of those asked and those refused
	heard   map[string]bool // errors of functions whose arguments are known
	dark    map[int]bool    // branches that turned on something unknown when last met
	turns   map[place]turn  // what branches did
	blames  bool            // it seeks the cause of a failure: random functions are called too
	guide   map[place]turn  // what they do where they turn on something unknown; nil: nothing
	escaped bool            // something unknown may hold a known map
	random  bool            // a random result was left unknown
	failed  error           // what ended a pass of runOn
}

func (t *Template) newPass(ctx context.Context, x *Rendering) *pass {
	return &pass{ctx: ctx, t: t, x: x, known: map[Query]bool{}, keys: map[Query]bool{}, heard: map[string]bool{},
		dark: map[int]bool{}, turns: map[place]turn{}, prints: map[place]printed{}, noted: map[place]bool{}, met: map[int]bool{}, unsure: map[int]bool{}}
}

// errPanic replaces a panic of text/template itself, whose text may hold a value.
var errPanic = errors.New("template execution failed")

// executeTrees executes the template to its end.
func (p *pass) executeTrees() (err error) {
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
	p.executed = tt
	return tt.Execute(p, p.t.opts.data())
}

func (p *pass) functions() template.FuncMap {
	m := template.FuncMap{
		fnEmit: p.emit, fnBranch: p.branch, fnEach: p.each, fnDone: p.done, fnEnter: p.enter, fnLeave: p.done, fnEnd: p.endBranch,
		fnKnown:   func(id int) bool { return !p.dark[id] },
		fnUnknown: func(int) unknown { return nil },
		fnHalt:    func(int) (string, error) { return "", errHalt },
		fnNote:    p.note,
		fnPend:    pend,
		fnTruth:   truth,
		fnLogic:   logicResult,
		fnField:   fieldOf,
		fnInclude: p.includeAt,
	}
	for name, f := range p.t.used {
		if p.real {
			m[name] = p.strict(name, f)
		} else {
			m[name] = p.lift(name, f)
		}
	}
	return m
}

// Write takes what is printed; passes that are not real need none of it.
func (p *pass) Write(b []byte) (int, error) {
	if p.captured != nil {
		n, err := p.captured.write(b)
		return n, cmp.Or(err, p.ctx.Err())
	}
	if !p.real {
		return len(b), p.ctx.Err()
	}
	if len(p.out)+len(b) > maxOutput {
		p.spent = true
		return 0, funcs.Problem(fmt.Sprintf("the output is larger than %d MiB", maxOutput>>20))
	}
	p.out = append(p.out, b...)
	return len(b), p.ctx.Err()
}

// queries returns all that executing the template asks for, as far as x knows the
// answers, without duplicates and in order. What is not known yet is unknown, and so
// is whatever depends on it; a branch that depends on it is not entered. So all that
// does not depend on a secret is found at once, and a reference that execution does
// not reach is never returned. Errors in the template are left for execute.
func (t *Template) queries(ctx context.Context, x *Rendering) []Query {
	return t.flagged(t.runKnown(ctx, x), func(Query) bool { return true })
}

// complete reports whether asked, which queries returned before its answers were
// known, is all that executing the template can ask for: every call that asks has
// constant arguments, and none was left out. Most templates are of that kind, and
// need no further pass.
func (t *Template) complete(asked []Query) bool {
	for _, f := range t.used {
		if f.asks && f.kind == "" { // by something else than its arguments
			return false
		}
	}
	left := maps.Clone(t.constantKeys())
	for _, q := range asked {
		delete(left, q.Key())
	}
	return len(left) == 0 && !slices.ContainsFunc(t.refs(), func(r StaticRef) bool { return r.Dynamic || r.Err != nil })
}

// runKnown executes over what x knows. What random functions return is
// unknown, until nothing else is missing: only then are the branches entered
// that something like it would enter.
func (t *Template) runKnown(ctx context.Context, x *Rendering) *pass {
	p := t.newPass(ctx, x)
	_ = p.run()
	if slices.ContainsFunc(p.asked, func(q Query) bool { return !p.known[q] }) || !p.random {
		return p
	}
	p = t.newPass(ctx, x)
	p.likely = true
	_ = p.run()
	return p
}

// flagged returns the chosen queries of a pass, with Derived set.
func (t *Template) flagged(p *pass, choose func(Query) bool) (queries []Query) {
	for _, q := range p.asked {
		if choose(q) {
			queries = append(queries, q)
		}
	}
	constant := t.constantKeys()
	computed := func(q Query) bool { return !constant[q.Key()] }
	if !p.told || !slices.ContainsFunc(queries, computed) { // nothing can depend on what nobody said
		return queries
	}
	named := t.named(p)
	for i, q := range queries {
		queries[i].Derived = !named[q.Key()]
	}
	return queries
}

// named returns the keys of those queries of a pass whose names and contexts
// depend on no hidden answer: they are constants of the template, or asked for
// by an execution that knows no hidden answer and is only told which way each
// branch went.
func (t *Template) named(p *pass) map[Query]bool {
	named := t.runBlind(p.ctx, p.x, p.turns).keys
	maps.Copy(named, t.constantKeys())
	return named
}

func (t *Template) findConstantKeys() map[Query]bool {
	keys := map[Query]bool{}
	for _, r := range t.refs() {
		if !r.Dynamic {
			keys[r.Query.Key()] = true
		}
	}
	return keys
}

// runBlind executes over everything but hidden answers: what it asks for,
// prints and says holds no secret. With a guide it enters the branches that
// the guide entered, still without the values.
func (t *Template) runBlind(ctx context.Context, x *Rendering, guide map[place]turn) *pass {
	p := t.newPass(ctx, x)
	p.guide = guide
	p.withhold = func(q Query) bool { return q.Kind.Hidden() }
	_ = p.run()
	return p
}
