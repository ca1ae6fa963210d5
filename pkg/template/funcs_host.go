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

// host returns what answers for the machine. Without a rendering nothing does.
func (p *pass) host() Host {
	if p.x == nil {
		return Host{}
	}
	return p.x.r.Host
}

// askHost is ask for a function of the host, which may lack it.
func askHost[T any](p *pass, q Query, has bool, answer func() (T, error)) (T, error) {
	if !has {
		answer = func() (none T, err error) { return none, errNoHost }
	}
	return ask(p, q, answer)
}

// env is nil for a variable that is not set: default replaces nil, and all else
// refuses it.
func env(p *pass, name string) (any, error) {
	lookup := p.host().LookupEnv
	return askHost(p, Query{Kind: Env, Name: name}, lookup != nil, func() (any, error) {
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
	environ := p.host().Environ
	return askHost(p, Query{Kind: Envs, Name: prefix}, environ != nil, func() (map[string]any, error) {
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
	read := p.host().ReadFile
	return askHost(p, Query{Kind: File, Name: path}, read != nil, func() (string, error) {
		data, err := read(path)
		return string(data), err
	})
}

func hostname(p *pass) (string, error) {
	name := p.host().Hostname
	return askHost(p, Query{Kind: Hostname}, name != nil, name)
}

// Now asks for the time of the run. With Zone it makes a pass a [funcs.Clock].
func (p *pass) Now() (time.Time, error) {
	now := p.host().Now
	return askHost(p, Query{Kind: Now}, now != nil, func() (time.Time, error) { return now(), nil })
}

// Zone asks for a time zone.
func (p *pass) Zone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	load := p.host().LoadLocation
	return askHost(p, Query{Kind: Zone, Name: name}, load != nil, func() (*time.Location, error) { return load(name) })
}

// saltKey asks for the host's key for the salts of htpasswd.
func (p *pass) saltKey() ([]byte, error) {
	key := p.host().SaltKey
	return askHost(p, Query{Kind: Salt}, key != nil, key)
}
