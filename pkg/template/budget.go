package template

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"text/template/parse"
	"time"

	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Bounds of one pass. Nothing that renders a config file comes near them. text/template
// cannot be stopped from outside, so the functions that rewriting inserts into each loop,
// branch and call count here, and so does every function.
const (
	maxSteps  = 1_000_000 // actions: calls and iterations
	maxDepth  = 500       // of templates and ranges within each other
	maxOutput = 64 << 20  // bytes
	maxMade   = 256 << 20 // bytes of the values that functions make, in sum
)

// What is counted beside actions.
const (
	bytesPerStep  = 16 << 10 // of text that a function is given
	bytesPerPlace = 128      // that a pass remembers of each place
	bytesPerItem  = 16       // of a list
	bytesPerEntry = 48       // of a map
	smallValue    = 4 << 10  // bytes up to which a value counts each time that it is returned
)

// grace is how long a pass whose time is over may take to reach its next action, which
// gives the error its place.
const grace = 500 * time.Millisecond

// ErrTime is the error of templates that run longer than their [TimeLimit].
var ErrTime = errors.New("out of time")

// TimeLimit bounds how long the templates that share it execute, in sum and without the
// time in which they wait for a source. It is not safe for concurrent use.
type TimeLimit struct {
	total, left time.Duration
	failed      *Error // the first time that it was over
}

// NewTimeLimit returns a limit; nil, which is none, for 0.
func NewTimeLimit(d time.Duration) *TimeLimit {
	if d <= 0 {
		return nil
	}
	return &TimeLimit{total: d, left: d}
}

// run executes the template. A function that is still busy when the time is over is left
// behind: it ends at its return, and nobody sees its result.
func (p *pass) run() error {
	if p.x == nil || p.x.r.Time == nil {
		return p.executeTrees()
	}
	limit, outer := p.x.r.Time, p.ctx
	begun := time.Now() //nolint:forbidigo // the limit is on real time
	ctx, stop := context.WithTimeout(outer, limit.left)
	defer stop()
	own := *p
	own.ctx, own.busy = ctx, new(atomic.Pointer[string])
	done := make(chan error, 1)
	go func() { done <- own.executeTrees() }()
	ended, err := wait(ctx, done)
	limit.left -= time.Since(begun) //nolint:forbidigo // as above
	isLate := errors.Is(ctx.Err(), context.DeadlineExceeded) && outer.Err() == nil
	if ended {
		*p = own
		p.ctx = outer
	} else {
		left := p.t.newPass(outer, p.x)
		left.real = p.real
		*p = *left
	}
	if isLate {
		limit.left = 0
		p.late = limit.over(p.t, err, own.busy.Load())
		return p.late
	}
	return err
}

// wait returns the result of a pass, and false if it does not end in time.
func wait(ctx context.Context, done <-chan error) (ended bool, err error) {
	select {
	case err = <-done:
		return true, err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err = <-done:
		return true, err
	case <-timer.C:
		return false, ctx.Err()
	}
}

// over returns the error of templates whose time is over: that of the first.
func (l *TimeLimit) over(t *Template, err error, busy *string) *Error {
	if l.failed != nil {
		return l.failed
	}
	l.failed = &Error{Template: t.opts.Name, Err: ErrTime, Msg: fmt.Sprintf("it runs longer than %s, the time limit of a job's templates", l.total)}
	if offset, ok := t.offsetIn(innermost(err)); ok {
		l.failed.Template, l.failed.Line, l.failed.Col = t.position(parse.Pos(offset))
	} else if busy != nil {
		l.failed.Func = *busy
	}
	return l.failed
}

// tick counts an action.
func (p *pass) tick() error { return p.spend(1) }

// spend counts what is worth several actions.
func (p *pass) spend(steps int) error {
	p.steps += steps
	if p.steps > p.t.maxSteps {
		p.spent = true
		return funcs.Problem(fmt.Sprintf("the template executes more than %d actions: loops and calls, of which those that make keys and hash passwords count as thousands", p.t.maxSteps))
	}
	return p.ctx.Err()
}

// costOf returns how many actions a call is worth: at least one, the function's own cost,
// and one for each 16 KiB of text that it is given.
func costOf(f function, args []reflect.Value) (cost int) {
	first := ""
	for i, a := range args {
		if a = concrete(a); a.IsValid() && a.Kind() == reflect.String {
			cost += a.Len() / bytesPerStep
			if i == 0 {
				first = a.String()
			}
		}
	}
	return cost + funcs.Cost(f.name, first)
}

// keep counts the memory of a value that a function has made.
func (p *pass) keep(f function, v reflect.Value) error {
	return p.growBy(v, f.Keeps == nil && !f.asks)
}

// growBy counts the memory of a value, if it was not counted before. deep: with all that a
// container holds.
func (p *pass) growBy(v reflect.Value, deep bool) error {
	w := weigher{seen: p.weighed, deep: deep}
	size := w.weigh(v, 0)
	p.weighed = w.seen
	return p.grow(size)
}

// grow counts memory.
func (p *pass) grow(bytes int) error {
	p.made += bytes
	if p.made > p.t.maxMade {
		p.spent = true
		return funcs.Problem(fmt.Sprintf("the values of the template are larger than %d MiB together", p.t.maxMade>>20))
	}
	return nil
}

// weigher estimates the memory of values. A large one counts once, however often functions
// return it.
type weigher struct {
	deep bool // the function has made what a container holds, too
	seen map[uintptr]bool
}

func (w *weigher) weigh(v reflect.Value, depth int) int {
	v = concrete(v)
	if !v.IsValid() || depth > maxValueDepth {
		return 0
	}
	switch v.Kind() {
	case reflect.String:
		return w.once(v.Pointer(), v.Len())
	case reflect.Slice:
		return w.once(v.Pointer(), v.Len()*max(bytesPerItem, int(v.Type().Elem().Size()))) + w.inner(v, depth)
	case reflect.Map:
		return w.once(v.Pointer(), bytesPerEntry*(1+v.Len())) + w.inner(v, depth)
	}
	return bytesPerItem
}

func (w *weigher) inner(v reflect.Value, depth int) (sum int) {
	if kind := v.Type().Elem().Kind(); !w.deep || kind != reflect.Interface && kind != reflect.String && kind != reflect.Map && kind != reflect.Slice {
		return 0
	}
	for e := range document.Elements(v) {
		sum += w.weigh(e, depth+1)
	}
	return sum
}

// once returns the size of a value that was not counted before.
func (w *weigher) once(at uintptr, size int) int {
	switch {
	case size <= smallValue:
		return size + bytesPerItem
	case w.seen[at]:
		return 0
	case w.seen == nil:
		w.seen = map[uintptr]bool{}
	}
	w.seen[at] = true
	return size
}
