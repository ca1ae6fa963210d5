package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// makeAsking returns the functions that ask for something. A function for another
// source is one more entry here: it makes a [Query] and asks for it.
func makeAsking() map[string]function {
	name := funcs.Each(funcs.Exact)
	return map[string]function{
		"secret":         ready(funcs.Func{Impl: secret, Keeps: name}, Secret),
		"secretVersion":  ready(funcs.Func{Impl: secretVersion, Keeps: name}, Secret),
		"secretOr":       ready(funcs.Func{Impl: secretOr, Keeps: funcs.Each(funcs.Any, funcs.Exact)}, Secret),
		"secrets":        ready(funcs.Func{Impl: secrets, Keeps: name}, Secrets),
		"s3secret":       ready(funcs.Func{Impl: s3secret, Keeps: name}, Secret),
		"s3object":       ready(funcs.Func{Impl: s3object, Keeps: name}, Secret),
		"s3secrets":      ready(funcs.Func{Impl: s3secrets, Keeps: name}, Secrets),
		"ssm":            ready(funcs.Func{Impl: ssm, Keeps: name}, Secret),
		"ssmPath":        ready(funcs.Func{Impl: ssmPath, Keeps: name}, Secrets),
		"secretsManager": ready(funcs.Func{Impl: secretsManager, Keeps: name}, Secret),
		"ec2":            ready(funcs.Func{Impl: ec2, Keeps: name}, EC2),
		"env":            ready(funcs.Func{Impl: env, Keeps: name}, Env),
		"envs":           ready(funcs.Func{Impl: envs, Keeps: name}, Envs),
		"expandenv":      ready(funcs.Func{Impl: expandenv, Keeps: name}, Env),
		"file":           ready(funcs.Func{Impl: file, Keeps: name}, File),
		"hostname":       ready(funcs.Func{Impl: hostname}, Hostname),
		"pkcs12":         ready(funcs.Func{Impl: pkcs12Of, Keeps: name}, ""),
		"jks":            ready(funcs.Func{Impl: jksOf, Keeps: name}, ""),
		"include":        ready(funcs.Func{Impl: include, Keeps: funcs.Each(funcs.Exact, funcs.Any)}, ""),
		"htpasswd":       ready(funcs.Func{Impl: htpasswd, Keeps: name}, ""),
	}
}

func secret(p *pass, name string, ctx ...any) (string, error) {
	return p.secretOf(p.t.opts.ref(name, ctx))
}

func secretVersion(p *pass, name string, version any, ctx ...any) (string, error) {
	ref, err := p.t.opts.ref(name, ctx)
	if err == nil {
		ref.Version, err = versionOf(version)
	}
	return p.secretOf(ref, err)
}

func secretOr(p *pass, instead any, name string, ctx ...any) (any, error) {
	ref, err := p.t.opts.ref(name, ctx)
	if err != nil {
		return nil, err
	}
	s, err := p.secret(Query{Kind: Secret, Ref: ref, Optional: true})
	if errors.Is(err, source.ErrNotFound) {
		return instead, namesContext(name)
	}
	return s, err
}

// namesContext refuses a name such as pw?env=prod, which is a REF of the command
// line. In a template it is a plain name, so secretOr would always take its default.
func namesContext(name string) error {
	_, query, found := strings.Cut(name, "?")
	if !found || !strings.Contains(query, "=") {
		return nil
	}
	return funcs.Problem("not found, and its name contains ?KEY=VALUE: in a template the context is a separate argument")
}

func secrets(p *pass, pattern string, ctx ...any) (map[string]any, error) {
	ref, err := p.t.opts.ref(pattern, ctx)
	if err != nil {
		return nil, err
	}
	return p.secrets(ref, "")
}

// secretOf asks for the value of a ref, unless reading the ref has failed.
func (p *pass) secretOf(ref source.Ref, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return p.secret(Query{Kind: Secret, Ref: ref})
}

// secret asks for a value or a part of one, which templates see as a plain string.
func (p *pass) secret(q Query) (string, error) {
	if base, pointer, ok := q.Ref.Within(); ok && q.Kind == Secret {
		return p.part(q, base, pointer)
	}
	return p.whole(q)
}

// whole asks for a value.
func (p *pass) whole(q Query) (string, error) {
	if err := checked(q.Ref, false); err != nil {
		return "", err
	}
	return ask(p, q, func() (string, error) {
		a, err := p.x.answer(q)
		return string(a.Secret.Reveal()), err
	})
}

// secrets asks for all that match a pattern. Templates see their names without
// the prefix.
func (p *pass) secrets(pattern source.Ref, prefix string) (map[string]any, error) {
	if err := checked(pattern, true); err != nil {
		return nil, err
	}
	q := Query{Kind: Secrets, Ref: pattern}
	return ask(p, q, func() (map[string]any, error) {
		a, err := p.x.answer(q)
		values := make(map[string]any, len(a.Values))
		for _, name := range slices.Sorted(maps.Keys(a.Values)) {
			err = errors.Join(err, a.Values[name].Err)
			values[strings.TrimPrefix(name, prefix)] = string(a.Values[name].Secret.Reveal())
		}
		return values, err
	})
}

// checked refuses a name that its source cannot have, before anything is asked.
func checked(r source.Ref, pattern bool) error {
	err := r.Check(pattern)
	if err == nil {
		return nil
	}
	return &funcs.Failure{Text: err.Error(), Safe: err.Error(), Err: source.ErrRef}
}

// permit says whether the options allow a query.
func (t *Template) permit(q Query) error {
	if t.opts.Restrict && q.Kind.restricted() {
		return ErrNotAllowed
	}
	if (q.Kind != Secret && q.Kind != Secrets) || len(t.opts.Allow) == 0 {
		return nil
	}
	// A pattern is allowed where its own text matches: its * can only be
	// matched by one that covers all that it stands for.
	if slices.ContainsFunc(t.opts.Allow, func(allowed string) bool { return source.Match(allowed, q.Ref.Text()) }) {
		return nil
	}
	return ErrNotAllowed
}

// ref reads the arguments of secret.
func (o *Options) ref(name string, ctx []any) (source.Ref, error) {
	ref, err := source.ParseName(name, o.Sources)
	if err != nil {
		return ref, &funcs.Failure{Text: err.Error(), Safe: "its name is not the name of a secret", Err: source.ErrRef}
	}
	ref.Context, err = o.encryptionContext(ctx)
	if plain := ref.Plain(); plain != ref && len(ctx) > 0 {
		return ref, funcs.Problem("values of " + ref.Source + ": have no encryption context")
	}
	return ref.Plain(), err
}

func (o *Options) encryptionContext(ctx []any) (source.Context, error) {
	pairs, stated := map[string]string{}, map[string]string{}
	if len(ctx) == 0 {
		maps.Copy(pairs, o.Context)
	}
	for _, c := range ctx {
		if err := o.addContext(pairs, stated, c); err != nil {
			return source.Context{}, err
		}
	}
	made, err := source.NewContext(pairs)
	if err != nil {
		return made, &funcs.Failure{Text: err.Error(), Safe: "its encryption context is not valid", Err: source.ErrContext}
	}
	return made, nil
}

// addContext adds one CTX: key=value, the name of a context, or a map. What a
// template states replaces what a context before it has; stated has it by itself.
func (o *Options) addContext(pairs, stated map[string]string, c any) error {
	switch c := c.(type) {
	case map[string]string:
		return state(pairs, stated, c)
	case map[string]any:
		texts := map[string]string{}
		for k, v := range c {
			s, ok := scalar(v)
			if !ok {
				return funcs.Problem(fmt.Sprintf("a value in its context is a %T, not a string", v))
			}
			texts[k] = s
		}
		return state(pairs, stated, texts)
	case string:
		if named, ok := o.Contexts[c]; ok {
			return join(pairs, named)
		}
		key, value, err := source.ParsePair(c)
		if err != nil {
			return o.unknownContext(c)
		}
		return state(pairs, stated, map[string]string{key: value})
	default:
		return funcs.Problem(fmt.Sprintf("a context is key=value, a name or a map, not a %T", c))
	}
}

func state(pairs, stated, more map[string]string) error {
	err := join(stated, more)
	maps.Copy(pairs, more)
	return err
}

// join adds pairs to a context, which may not contradict those that it has: which of
// them is meant cannot be known, and secretOr would take the wrong one for missing.
func join(pairs, more map[string]string) error {
	for k, v := range more {
		if held, twice := pairs[k]; twice && held != v {
			return &funcs.Failure{Text: source.Show(k) + " is given twice in its context, with different values", Safe: "a key is given twice in its context, with different values"}
		}
		pairs[k] = v
	}
	return nil
}

func (o *Options) unknownContext(name string) error {
	known := "none is configured"
	if len(o.Contexts) > 0 {
		known = "known are " + strings.Join(nearest(name, slices.Sorted(maps.Keys(o.Contexts))), ", ")
	}
	return &funcs.Failure{
		Text: "unknown context " + source.Show(name) + " (" + known + ")",
		Safe: "unknown context (its name is hidden: it may depend on a secret)",
	}
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int, int64, float64, document.Number:
		return fmt.Sprint(funcs.Plain(v)), true
	}
	return "", false
}

// versionOf reads a version: a string as it is, or a whole number.
func versionOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		if v != "" {
			return v, nil
		}
	default:
		if n, err := funcs.Count(v); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
	}
	return "", funcs.Problem("a version is a whole number or a string")
}
