package template

import (
	"context"
	"errors"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/mask"
)

// Rendering is one template with what answers it. [Gather] finds out what it asks
// for and fetches that; then it is executed.
type Rendering struct {
	f       *Fetcher
	r       Resolver
	t       *Template // nil: the file is the secret
	secret  Query
	origin  string
	asked   []Query // nil: the template was not executed yet
	tooDeep bool
}

// Template returns a rendering of a template. The fetcher stands for the Source of
// the resolver.
func (f *Fetcher) Template(t *Template, r Resolver) *Rendering {
	return &Rendering{f: f, r: r, t: t}
}

// Secret returns a rendering of a file that is one secret, byte for byte. Errors name
// origin as the place that asks for it.
func (f *Fetcher) Secret(ref source.Ref, origin string, r Resolver) *Rendering {
	q := Query{Kind: Secret, Ref: ref}
	return &Rendering{f: f, r: r, secret: q, origin: origin, asked: []Query{q}}
}

// Asked returns all that the template asks for, as of the last [Gather], without
// duplicates and in order.
func (x *Rendering) Asked() []Query { return x.asked }

// Answer returns the answer to a query that a source answers, and false if it is not
// known yet.
func (x *Rendering) Answer(q Query) (Answer, bool) {
	a, ok := x.f.got[q.Key()]
	switch {
	case !ok:
		return a, false
	case q.Kind == Secrets && a.Err == nil && len(a.Values) == 0 && (x.r.AllowNoMatch == nil || !x.r.AllowNoMatch(q.Ref)):
		a.Err = source.ErrNoMatch
	case q.Optional && errors.Is(a.Err, source.ErrNotFound) && x.r.Required != nil:
		if err := x.r.Required(q.Ref); err != nil {
			a.Err = err
		}
	}
	return a, true
}

// answer is [Rendering.Answer] for a pass.
func (x *Rendering) answer(q Query) (Answer, error) {
	a, ok := x.Answer(q)
	if !ok {
		return a, ErrPending
	}
	return a, a.Err
}

// missing executes the template, if that can tell more than before, and returns what
// is not fetched yet.
func (x *Rendering) missing(ctx context.Context) []Query {
	if x.t != nil && (x.asked == nil || !x.t.complete(x.asked)) {
		x.asked = append([]Query{}, x.t.queries(ctx, x)...)
	}
	return x.f.missing(x.asked)
}

// Execute renders the template over what was fetched. Errors are of type [*Error];
// they wrap the error of the answer that made them, [ErrNotAllowed], [ErrNotFetched]
// or the error of ctx, and never hold a value.
func (x *Rendering) Execute(ctx context.Context) (Output, error) {
	switch {
	case x.tooDeep:
		return Output{}, ErrTooDeep
	case x.t != nil:
		return x.t.execute(ctx, x)
	}
	a, err := x.answer(x.secret)
	return Output{Bytes: a.Secret.Reveal()}, err
}

// Mask returns which parts of what Execute returned may be shown: the template's own
// text, and what an execution that knows no hidden answer ([Kind.Hidden]) prints byte
// for byte the same at the same place. All else is hidden under a label that names
// what it depends on. The error is that of ctx.
//
// The output of a branch that a hidden answer chose is hidden as a whole, except that of a
// with or range over a fetched value itself, which tells only that there is a value.
func (x *Rendering) Mask(ctx context.Context, out Output) (mask.Text, error) {
	if x.t == nil {
		return mask.Hidden(Label(x.secret), out.Bytes), nil
	}
	return x.t.mask(ctx, x, out)
}

// Resolver answers what templates ask for.
type Resolver struct {
	// Source fetches secrets, and facts of the EC2 instance under the prefix
	// source.EC2. Patterns need a source that is a source.Globber.
	// source.ByPrefix makes one source of several.
	Source source.Source
	// Host answers the functions that look at the machine.
	Host Host
	// AllowNoMatch permits a pattern to match nothing; nil: it never may.
	AllowNoMatch func(pattern source.Ref) bool
	// Required returns why secretOr must not take its default for a secret that is
	// not there, or nil; a nil function permits every default.
	Required func(ref source.Ref) error
	// Time bounds how long templates execute; nil: only by the bounds of each pass.
	Time *TimeLimit
}

// Host is what templates may see of the machine. The fields have the types of the
// functions of packages os and time that usually fill them; a template function
// whose field is nil fails.
type Host struct {
	LookupEnv func(name string) (value string, set bool)
	// Environ returns all variables, as NAME=VALUE. The last of a name counts.
	Environ func() []string
	// ReadFile may return [ErrPending].
	ReadFile func(path string) ([]byte, error)
	Hostname func() (string, error)
	// Now is the time of the run, the same for every template.
	Now func() time.Time
	// LoadLocation returns a time zone; "Local" is the host's own.
	LoadLocation func(name string) (*time.Location, error)
	// SaltKey returns this host's own random key for the salts of htpasswd: 16 bytes
	// or more that stay the same from run to run.
	SaltKey func() ([]byte, error)
}

// ErrPending is the error of an answer that is not known yet: what depends on it is
// unknown, and the template is executed again once it is known.
var ErrPending = errors.New("not known yet")

var errNoHost = errors.New("not available here")

// Render renders a template in memory: it asks the template what it needs, fetches
// all of it in as few batches as the template allows, and executes the template.
// Secrets that are missing or refused are all named, in one [*SecretsError].
func Render(ctx context.Context, t *Template, r Resolver) (Output, error) {
	x := NewFetcher(r.Source).Template(t, r)
	Gather(ctx, x)
	if err := Missing(x); err != nil {
		return Output{}, err
	}
	return x.Execute(ctx)
}

// ask answers a query of a function in a pass.
func ask[T any](p *pass, q Query, answer func() (T, error)) (none T, err error) {
	p.keys[q.Key()] = true
	if err := p.t.permit(q); err != nil {
		return none, &askError{q, err}
	}
	v, err := none, ErrPending
	if p.x != nil {
		v, err = answer()
	}
	ok := !errors.Is(err, ErrPending)
	if _, again := p.known[q]; !again {
		p.asked = append(p.asked, q)
		p.known[q] = ok
	}
	switch {
	case ok && p.withhold != nil && p.withhold(q):
		return none, errUnknown
	case ok:
		p.told = p.told || q.Kind.Hidden()
		if err != nil {
			return none, &askError{q, err}
		}
		return v, nil
	case p.real:
		return none, &askError{q, ErrNotFetched}
	}
	return none, errUnknown
}
