package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/importer"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// variable is an environment variable of the child; from is the flag that set it. With
// --last-wins, the flag of the highest rank determines the value.
type variable struct {
	name, value, from string
	rank              int
}

// Ranks of flags. Of two --env-prefix, and of two --env-file, the later one is higher.
const (
	rankPrefix = iota * 1_000_000
	rankFile
	rankOne
)

// lastOnes drops variables that a flag of a higher rank sets too.
func lastOnes(vars []variable) []variable {
	highest := map[string]int{}
	for _, v := range vars {
		highest[v.name] = max(highest[v.name], v.rank)
	}
	return slices.DeleteFunc(vars, func(v variable) bool { return v.rank < highest[v.name] })
}

// maxVariable is the kernel's limit for one NAME=VALUE with its zero byte
// (MAX_ARG_STRLEN, execve(2)).
const maxVariable = 128 << 10

// checkEnv refuses variables that cannot be passed to the child. Errors show no value.
func checkEnv(vars []variable) error {
	var errs []error
	from := map[string]string{}
	for _, v := range vars {
		if other, twice := from[v.name]; twice {
			errs = append(errs, usagef("%s is set twice: by %s and by %s", v.name, other, v.from))
		}
		from[v.name] = v.from
		switch {
		case strings.ContainsRune(v.value, 0):
			errs = append(errs, fmt.Errorf("%s (%s) contains a zero byte, which a variable cannot contain: use --file", v.name, v.from))
		case len(v.name)+len(v.value)+2 > maxVariable:
			errs = append(errs, fmt.Errorf("%s (%s) is larger than a variable can be, 128 KiB: use --file", v.name, v.from))
		}
	}
	return errors.Join(errs...)
}

// addPrefix adds all secrets that match a pattern. A template requests them, like all
// other secrets, and encodes each name and value in base64.
func (p *envPlan) addPrefix(cfg *config.Config, o *execOptions, rank int, pattern string) error {
	if backend.PrefixOf(cfg.Base.Store, pattern) == source.SecretsManager {
		return p.addDocument(cfg, o, rank, pattern)
	}
	ref, err := backend.ParseRef(cfg.Base.Store, pattern, "", nil)
	if err != nil {
		return err
	}
	before, ok := ref.Stem()
	if !ok {
		return usagef("--env-prefix %s has no *: for one secret use --env VAR=REF", source.Show(pattern))
	}
	p.add(job.File{Content: prefixTemplate(ref)}, func(out template.Output) ([]variable, error) {
		found := prefixed{naming: naming{o.keepCase}, before: before, pattern: pattern, rank: rank, isNamed: func(secret string) bool {
			text, _, _ := strings.Cut(ref.Text(), "*")
			return p.single[strings.TrimSuffix(text, before)+secret]
		}}
		return found.decode(string(out.Bytes))
	})
	return nil
}

// addDocument adds the keys of a secret of Secrets Manager that is one JSON object:
// sm:ID#*, or those that begin alike: sm:ID#db_*.
func (p *envPlan) addDocument(cfg *config.Config, o *execOptions, rank int, pattern string) error {
	id, keys, ok := strings.Cut(pattern, "#")
	before, star := strings.CutSuffix(keys, "*")
	if !ok || !star || strings.Contains(id+before, "*") {
		return usagef("--env-prefix %s: for all keys of a secret in Secrets Manager, append #*", source.Show(pattern))
	}
	ref, err := backend.ParseRef(cfg.Base.Store, id, "", nil)
	if err != nil {
		return err
	}
	p.add(ref.File(), func(out template.Output) ([]variable, error) {
		entries, err := importer.ChamberDocument(out.Bytes)
		if err != nil {
			return nil, fmt.Errorf("--env-prefix %s: %w", source.Show(pattern), err)
		}
		found := prefixed{naming: naming{o.keepCase}, before: before, pattern: pattern, rank: rank, isNamed: func(key string) bool {
			return p.single[id+"#"+key]
		}}
		for _, e := range entries {
			if strings.HasPrefix(e.Name, before) {
				found.add(e.Name, string(e.Value.Reveal()))
			}
		}
		if len(found.vars) == 0 && len(found.errs) == 0 && !o.allowNoMatch {
			return nil, fmt.Errorf("--env-prefix %s: %w", source.Show(pattern), source.ErrNoMatch)
		}
		return found.vars, errors.Join(found.errs...)
	})
	return nil
}

func prefixTemplate(ref backend.Ref) string {
	call := "secrets " + strconv.Quote(ref.Text())
	if pairs := ref.Context().Map(); len(pairs) > 0 {
		call += " (dict"
		for _, k := range slices.Sorted(maps.Keys(pairs)) {
			call += " " + strconv.Quote(k) + " " + strconv.Quote(pairs[k])
		}
		call += ")"
	}
	return "{{ range $k, $v := " + call + " }}{{ b64enc $k }} {{ b64enc $v }}\n{{ end }}"
}

// prefixed collects the variables of one --env-prefix. A secret for which isNamed reports
// an --env of its own may have a name that gives no variable.
type prefixed struct {
	naming
	before, pattern string
	rank            int
	isNamed         func(secret string) bool
	vars            []variable
	errs            []error
}

func (p *prefixed) add(secret, value string) {
	name, err := p.variableName(secret, p.before)
	if lossy, ok := errors.AsType[*lostLetterError](err); ok && p.isNamed(lossy.secret) {
		return
	}
	if err != nil {
		p.errs = append(p.errs, err)
	}
	p.vars = append(p.vars, variable{name, value, "--env-prefix " + p.pattern + " (" + source.Show(secret) + ")", p.rank})
}

// decode parses the output of prefixTemplate.
func (p *prefixed) decode(rendered string) ([]variable, error) {
	for line := range strings.Lines(rendered) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		secret, errK := base64.StdEncoding.DecodeString(fields[0])
		value, errV := base64.StdEncoding.DecodeString(fields[1])
		if err := errors.Join(errK, errV); err != nil {
			return nil, fmt.Errorf("read --env-prefix: %w", err) // made by prefixTemplate
		}
		p.add(string(secret), string(value))
	}
	return p.vars, errors.Join(p.errs...)
}

// lostLetterError: a variable's name can't hold the letters of a secret's, and two
// secrets that differ only in them would have the same one.
type lostLetterError struct{ secret string }

func (e *lostLetterError) Error() string {
	return fmt.Sprintf("the secret %s contains characters that a variable name cannot contain: choose the name with --env VAR=REF", source.Show(e.secret))
}

// quoteName shows the part of an argument before =. The rest may be a value.
func quoteName(s string) string {
	name, _, _ := strings.Cut(s, "=")
	return source.Show(name)
}

// takeContext takes the arguments KEY=VALUE before -- and returns CMD with its arguments.
// The flags of exec end at the first argument, so pflag leaves -- among the others. As
// --context, the words reach the children of --watch too.
func (o *execOptions) takeContext(c *cobra.Command, args []string) ([]string, error) {
	if c.ArgsLenAtDash() >= 0 || len(args) == 0 || !isPair(args[0]) || strings.Contains(args[0], "/") {
		return args, nil
	}
	end := slices.Index(args, "--")
	if end < 0 {
		return nil, usagef("exec: CMD is missing after the context %s: credrender exec [flags] %s -- CMD [ARG]...", source.Show(args[0]), source.Show(args[0]))
	}
	words := args[:end]
	if i := slices.IndexFunc(words, func(w string) bool { return !isPair(w) }); i >= 0 {
		return nil, usagef("exec: %s follows the context: flags go before it, and CMD after --", source.Show(words[i]))
	}
	if len(o.env)+len(o.envFiles)+len(o.prefixes)+len(o.files) == 0 {
		return nil, usagef("exec: %s is a context, and no secret is requested: --env VAR=REF requests one; for a variable write 'env %s credrender exec'", source.Show(words[0]), source.Show(words[0]))
	}
	if err := checkWords(words); err != nil {
		return nil, err
	}
	for _, w := range words {
		if err := c.Flags().Set("context", w); err != nil {
			return nil, usagef("exec: %w", err)
		}
	}
	return args[end+1:], nil
}

// contextsByVariable parses --env-context. A variable's name has no colon, so the first
// one ends it.
func (o *execOptions) contextsByVariable() (map[string]map[string]string, error) {
	words := map[string][]string{}
	for _, arg := range o.envContexts {
		name, pair, ok := strings.Cut(arg, ":")
		if !ok || !secretfile.IsEnvName(name) {
			return nil, usagef("--env-context: %s is not VAR:KEY=VALUE", source.Show(arg))
		}
		if !slices.ContainsFunc(o.env, func(env string) bool { return strings.HasPrefix(env, name+"=") }) {
			return nil, usagef("--env-context %s: there is no --env %s=REF", source.Show(arg), name)
		}
		words[name] = append(words[name], pair)
	}
	contexts := map[string]map[string]string{}
	for name, list := range words {
		var err error
		if contexts[name], err = pairs("--env-context "+name, list); err != nil {
			return nil, err
		}
	}
	return contexts, nil
}
