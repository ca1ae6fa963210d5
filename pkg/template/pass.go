package template

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"text/template"
	"time"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Bounds of one pass. Nothing that renders a config file comes near them.
const (
	maxSteps  = 1_000_000 // calls and iterations
	maxDepth  = 500       // of templates within templates
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
}

// place is a site at one point of the execution: path is a hash over the
// iterations and template calls that lead there.
type place struct {
	path uint64
	site int
}

// mark is what a real pass printed at a place, as offsets into its output.
type mark struct {
	place
	start, end int
}

type printed struct {
	text  string
	known bool
}

// turn is what a branch did: whether an if or with was entered, how often a
// range went round.
type turn struct {
	entered bool
	rounds  int
}

// frame is a range or a template call that has begun.
type frame struct {
	site, turn int
	path       uint64
}

func (t *Template) newPass(ctx context.Context, lookup Lookup) *pass {
	return &pass{ctx: ctx, t: t, lookup: lookup, known: map[Query]bool{}, keys: map[Query]bool{}, heard: map[string]bool{},
		dark: map[int]bool{}, turns: map[place]turn{}, prints: map[place]printed{}}
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
	return tt.Execute(p, map[string]any{"Vars": deepCopy(p.t.opts.Vars)})
}

func (p *pass) functions() template.FuncMap {
	m := template.FuncMap{
		fnEmit: p.emit, fnBranch: p.branch, fnEach: p.each, fnDone: p.done, fnEnter: p.enter, fnLeave: p.done,
		fnKnown:   func(id int) bool { return !p.dark[id] },
		fnUnknown: func(int) unknown { return nil },
		fnHalt:    func(int) (string, error) { return "", errHalt },
		fnPend:    pend,
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
	if p.steps > maxSteps {
		return funcs.Problem(fmt.Sprintf("the template does not end: %d steps", maxSteps))
	}
	return p.ctx.Err()
}

// emit takes what an action prints.
func (p *pass) emit(id int, v reflect.Value) (string, error) {
	if err := p.tick(); err != nil {
		return "", &callError{err: err}
	}
	s, err := look(v)
	if err != nil {
		return "", &callError{err: err}
	}
	at := place{p.path(), id}
	if s.unknown {
		p.prints[at] = printed{}
		return "", nil
	}
	text, err := textOf(v)
	if p.real {
		if err != nil {
			return "", &callError{err: err}
		}
		p.marks = append(p.marks, mark{at, len(p.out), len(p.out) + len(text)})
		return text, nil
	}
	p.prints[at] = printed{text, err == nil}
	return "", nil
}

// branch takes what an if, with or range turns on, and returns it.
func (p *pass) branch(id int, v reflect.Value) (reflect.Value, error) {
	s := p.t.sites[id]
	if err := p.tick(); err != nil {
		return v, &callError{err: err}
	}
	at := place{p.path(), id}
	if s.verb == "range" {
		if err := p.push(id); err != nil {
			return v, err
		}
	}
	switch {
	case isUnknown(concrete(v)):
		return p.guess(at), nil
	case s.verb == "range":
		if err := iterable(v, s.vars); err != nil {
			return v, err
		}
	}
	p.dark[id] = false
	p.turns[at] = turnOf(concrete(v))
	return v, nil
}

// guess returns what a branch turns on that is unknown: nothing, so that
// neither side is entered, or what the guide says.
func (p *pass) guess(at place) reflect.Value {
	t, guided := p.guide[at]
	p.dark[at.site] = !guided
	switch {
	case guided && p.t.sites[at.site].verb == "range":
		return reflect.ValueOf(make([]unknown, t.rounds))
	case guided && t.entered:
		return truthy()
	}
	return unknownValue()
}

func turnOf(v reflect.Value) turn {
	var t turn
	t.entered, _ = template.IsTrue(v)
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch k := v.Kind(); {
	case k == reflect.Map || k == reflect.Slice || k == reflect.Array:
		t.rounds = v.Len()
	case v.CanInt():
		t.rounds = int(max(0, v.Int()))
	case v.CanUint():
		t.rounds = int(v.Uint())
	}
	return t
}

// iterable says what range would, without the value.
func iterable(v reflect.Value, vars int) error {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch k := v.Kind(); {
	case k == reflect.Invalid, k == reflect.Map, k == reflect.Slice, k == reflect.Array:
		return nil
	case k >= reflect.Int && k <= reflect.Uintptr:
		if vars > 1 {
			return &callError{err: funcs.Problem("range over a number has one variable, not two")}
		}
		return nil
	}
	return &callError{err: funcs.Problem("range can't iterate over a " + v.Type().String())}
}

// each begins an iteration. Frames that a continue has left are dropped.
func (p *pass) each(id int) (string, error) {
	if err := p.tick(); err != nil {
		return "", &callError{err: err}
	}
	p.unwind(id)
	turn := p.frames[len(p.frames)-1].turn + 1
	p.frames = p.frames[:len(p.frames)-1]
	p.frames = append(p.frames, frame{id, turn, step(p.path(), id, turn)})
	return "", nil
}

func (p *pass) done(id int) string {
	p.unwind(id)
	p.frames = p.frames[:len(p.frames)-1]
	return ""
}

func (p *pass) enter(id int) (string, error) { return "", p.push(id) }

// unwind makes the innermost frame of a site the last one.
func (p *pass) unwind(id int) {
	for p.frames[len(p.frames)-1].site != id {
		p.frames = p.frames[:len(p.frames)-1]
	}
}

// path is the path of what is executed now.
func (p *pass) path() uint64 {
	if len(p.frames) == 0 {
		return 0
	}
	return p.frames[len(p.frames)-1].path
}

// push begins a frame. Templates that call each other without end stop here:
// text/template lets them go 100,000 deep, and takes minutes to get an error
// out of that many ranges.
func (p *pass) push(site int) error {
	if len(p.frames) == maxDepth {
		return &callError{err: funcs.Problem(fmt.Sprintf("templates and ranges are nested more than %d deep", maxDepth))}
	}
	p.frames = append(p.frames, frame{site: site, path: step(p.path(), site, 0)})
	return nil
}

// step continues a path, as FNV-1a does.
func step(path uint64, site, turn int) uint64 {
	const prime = 1099511628211
	for _, n := range []int{site, turn} {
		path = (path ^ uint64(n+1)) * prime //nolint:gosec // both are counts
	}
	return path
}

// pend is an argument of or: one that is unknown must end it, so it is given
// as a map that is not empty.
func pend(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return truthy()
	}
	return v
}

// settle undoes pend.
func settle(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return unknownValue()
	}
	return v
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

// Now and Zone make a pass a funcs.Clock.

// Now asks for the time of the run.
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
