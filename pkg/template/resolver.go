package template

import (
	"context"
	"errors"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

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
