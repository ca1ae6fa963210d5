package template

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// The functions that look at the machine.

// env is nil for a variable that is not set: default replaces nil, and all else
// refuses it.
func env(p *pass, name string) (any, error) {
	return ask(p, Query{Kind: Env, Name: name}, func() (any, error) {
		lookup := p.x.r.Host.LookupEnv
		if lookup == nil {
			return nil, errNoHost
		}
		if value, set := lookup(name); set {
			return value, nil
		}
		return nil, nil
	})
}

// envs are the variables whose names begin with a prefix, by what follows it. As with
// lists of secrets, no match is an error where the resolver does not permit it.
func envs(p *pass, prefix string) (map[string]any, error) {
	if prefix == "" {
		return nil, funcs.Problem("its prefix is empty, which would select the whole environment")
	}
	return ask(p, Query{Kind: Envs, Name: prefix}, func() (map[string]any, error) {
		environ := p.x.r.Host.Environ
		if environ == nil {
			return nil, errNoHost
		}
		found := VariablesWith(prefix, environ())
		pattern := source.Ref{Source: string(Env), Name: prefix + "*"}
		if allowed := p.x.r.AllowNoMatch; len(found) == 0 && (allowed == nil || !allowed(pattern)) {
			return nil, fmt.Errorf("no variable has this prefix; allow_no_match: [\"%s\"] permits it", pattern.Text())
		}
		return found, nil
	})
}

// VariablesWith returns the variables whose names begin with a prefix, by what follows it.
func VariablesWith(prefix string, environ []string) map[string]any {
	found := map[string]any{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			found[rest] = value
		}
	}
	return found
}

var errNotSet = errors.New("not set")

// expandenv asks for all variables before it fails for one.
func expandenv(p *pass, text string) (string, error) {
	var failed error
	expanded, err := funcs.Expand(text, func(name string) string {
		value, err := env(p, name)
		if err == nil && value == nil {
			err = &askError{Query{Kind: Env, Name: name}, errNotSet}
		}
		if err != nil && failed == nil {
			failed = err
		}
		s, _ := value.(string)
		return s
	})
	if err == nil {
		err = failed
	}
	return expanded, err
}

func file(p *pass, path string) (string, error) {
	return ask(p, Query{Kind: File, Name: path}, func() (string, error) {
		read := p.x.r.Host.ReadFile
		if read == nil {
			return "", errNoHost
		}
		data, err := read(path)
		return string(data), err
	})
}

func hostname(p *pass) (string, error) {
	return ask(p, Query{Kind: Hostname}, func() (string, error) {
		name := p.x.r.Host.Hostname
		if name == nil {
			return "", errNoHost
		}
		return name()
	})
}

// Now asks for the time of the run. With Zone it makes a pass a [funcs.Clock].
func (p *pass) Now() (time.Time, error) {
	return ask(p, Query{Kind: Now}, func() (time.Time, error) {
		now := p.x.r.Host.Now
		if now == nil {
			return time.Time{}, errNoHost
		}
		return now(), nil
	})
}

// Zone asks for a time zone.
func (p *pass) Zone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	return ask(p, Query{Kind: Zone, Name: name}, func() (*time.Location, error) {
		load := p.x.r.Host.LoadLocation
		if load == nil {
			return nil, errNoHost
		}
		return load(name)
	})
}

// saltKey asks for the host's key for the salts of htpasswd.
func (p *pass) saltKey() ([]byte, error) {
	return ask(p, Query{Kind: Salt}, func() ([]byte, error) {
		key := p.x.r.Host.SaltKey
		if key == nil {
			return nil, errNoHost
		}
		return key()
	})
}
