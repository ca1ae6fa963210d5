package template

import (
	"cmp"
	"fmt"
	"reflect"
	"text/template"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// place is a site at one point of the execution. path is a hash over the iterations
// and template calls that lead there.
type place struct {
	path uint64
	site int
}

// mark is what a real pass printed at a place, as offsets into its output.
type mark struct {
	place
	start, end int
	branch     bool // of a branch, not of what is printed
}

// printed is what any other pass printed at a place, if that is known.
type printed struct {
	text  string
	known bool
}

// turn is the outcome of a branch: whether an if or with was entered, and how many
// iterations a range had.
type turn struct {
	entered bool
	rounds  int
}

// frame is a range or a template call that has begun.
type frame struct {
	site, turn int
	path       uint64
}

// emit returns the text that an action prints.
func (p *pass) emit(id int, v reflect.Value) (string, error) {
	if err := cmp.Or(p.tick(), p.grow(bytesPerPlace)); err != nil {
		return "", &callError{err: err}
	}
	s, err := look(v)
	if err != nil {
		return "", &callError{err: err}
	}
	at := place{p.path(), id}
	p.noted[at] = !isUnknown(concrete(v)) || isUnknownList(v)
	if s.unknown {
		p.prints[at] = printed{}
		p.loseCaptured()
		return "", nil
	}
	text, err := textOf(v)
	if p.real {
		if err != nil {
			return "", &callError{err: err}
		}
		if p.captured != nil { // the action around include prints it
			return text, nil
		}
		p.marks = append(p.marks, mark{place: at, start: len(p.out), end: len(p.out) + len(text)})
		return text, nil
	}
	if err := p.growBy(reflect.ValueOf(text), false); err != nil {
		return "", &callError{err: err}
	}
	p.prints[at] = printed{text, err == nil}
	if err != nil {
		p.loseCaptured()
	}
	if p.captured != nil {
		return text, nil
	}
	return "", nil
}

// loseCaptured makes what include returns unknown.
func (p *pass) loseCaptured() {
	if p.captured != nil {
		p.captured.unknown = true
	}
}

// branch takes what an if, with or range turns on, and returns it.
func (p *pass) branch(id int, v reflect.Value) (reflect.Value, error) {
	s := p.t.sites[id]
	if err := cmp.Or(p.tick(), p.grow(2*bytesPerPlace)); err != nil {
		return v, &callError{err: err}
	}
	at := place{p.path(), id}
	if s.verb == "range" {
		if err := p.push(id); err != nil {
			return v, err
		}
	}
	p.noted[at] = !isUnknown(concrete(v))
	p.met[id], p.unsure[id] = true, p.unsure[id] || !p.noted[at]
	v = restored(v)
	switch {
	case isUnknown(concrete(v)):
		return p.guess(at), nil
	case s.verb == "range":
		if err := iterable(v, s); err != nil {
			return v, err
		}
	default:
		v = truth(v)
	}
	p.dark[id] = false
	p.turns[at] = turnOf(concrete(v))
	p.beginRegion(at, v)
	return v, nil
}

// note takes what a variable or a {{template}} is given, and returns it.
func (p *pass) note(id int, v reflect.Value) reflect.Value {
	p.noted[place{p.path(), id}] = !isUnknown(concrete(v))
	return restored(v)
}

// guess returns the condition of a branch that depends on something unknown: nothing,
// so that neither side is entered, or what the guide recorded.
func (p *pass) guess(at place) reflect.Value {
	t, guided := p.guide[at]
	p.dark[at.site] = !guided
	if !guided {
		p.loseCaptured()
	}
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
	v = pointed(v)
	switch k := v.Kind(); {
	case k == reflect.Map || k == reflect.Slice || k == reflect.Array:
		t.rounds = v.Len()
	case v.CanInt():
		t.rounds = int(max(0, min(v.Int(), maxSteps)))
	case v.CanUint():
		t.rounds = int(min(v.Uint(), maxSteps))
	}
	return t
}

// pointed follows pointers and interfaces, as range does.
func pointed(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// iterable returns the error that range would return, without the value.
func iterable(v reflect.Value, s site) error {
	v = pointed(v)
	if _, isNumber := numberIn(v); (isNumber || v.CanInt() || v.CanUint()) && !s.counts {
		return &callError{err: funcs.Problem("range over a number of the data; for N rounds: range int N")}
	}
	switch k := v.Kind(); {
	case k == reflect.Invalid, k == reflect.Map, k == reflect.Slice, k == reflect.Array:
		return nil
	case k >= reflect.Int && k <= reflect.Uintptr:
		if s.vars > 1 {
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
	p.endInner(id)
	turn := p.frames[len(p.frames)-1].turn + 1
	p.frames = p.frames[:len(p.frames)-1]
	p.frames = append(p.frames, frame{id, turn, step(p.path(), id, turn)})
	return "", nil
}

func (p *pass) done(id int) string {
	p.unwind(id)
	p.endBranch(id)
	p.frames = p.frames[:len(p.frames)-1]
	return ""
}

func (p *pass) enter(id int) (string, error) {
	if err := p.tick(); err != nil {
		return "", &callError{err: err}
	}
	return "", p.push(id)
}

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
		path = (path ^ uint64(n+1)) * prime
	}
	return path
}
