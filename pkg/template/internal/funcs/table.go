// Package funcs is the table of functions that templates can call without
// asking anybody: Sprig's, made safe for config files, and the quoting of
// config languages. Those that ask for secrets, files and the like are in
// package template, beside what answers them.
package funcs

import (
	"fmt"
	"maps"

	"github.com/Masterminds/sprig/v3"
)

// Func is one entry of the table.
type Func struct {
	// Impl is a Go function with one result, or one and an error. Its first
	// parameter may be a [Clock] (or, in package template, more than that);
	// the rest are the arguments in the template.
	Impl any
	// Keeps says, for argument i of n, how little must be known of it for the
	// function to be called all the same. nil: all must be known.
	Keeps func(i, n int) Depth
	// Mutates is set where the first argument is changed.
	Mutates bool
	// Like is set where the result is random, or slow to make: something of
	// the same shape that stands for it when only its shape is wanted.
	Like any
	// Volatile is set where the result is another at each run.
	Volatile bool
}

// Depth is how much of an argument must be known.
type Depth int

// Exact: all of it. Inner: the list or map, but not what is in it. Any:
// nothing, since the function only passes it on.
const (
	Exact Depth = iota
	Inner
	Any
)

// Each returns a Keeps with one depth for each argument; the last stands for
// the rest.
func Each(depths ...Depth) func(i, n int) Depth {
	return func(i, _ int) Depth { return depths[min(i, len(depths)-1)] }
}

// Table returns all of Sprig less what reaches outside (getHostByName, env,
// expandenv) or is replaced in package template (htpasswd), text/template's
// own printing functions, and the quoting functions.
func Table() map[string]Func {
	base := sprig.TxtFuncMap()
	impls := maps.Clone(map[string]any(base))
	for _, name := range []string{"getHostByName", "env", "expandenv", "htpasswd"} {
		delete(impls, name)
	}
	maps.Copy(impls, printers(fmt.Sprint, fmt.Sprintln, fmt.Sprintf))
	maps.Copy(impls, dates(base))
	maps.Copy(impls, bounded(base))
	maps.Copy(impls, counted(base))
	maps.Copy(impls, repaired(base))
	maps.Copy(impls, map[string]any{
		"shellquote": ShellQuote, "envquote": EnvQuote, "jsonquote": JSONQuote, "nginxquote": NginxQuote,
		"minjson": MinJSON, "toYaml": ToYAML, "toToml": ToTOML,
		"fail": func(msg string) (string, error) {
			return "", &Failure{Text: msg, Safe: "(message hidden: it may depend on a secret)"}
		},
	})
	table := make(map[string]Func, len(impls))
	for name, impl := range impls {
		table[name] = Func{Impl: impl, Keeps: keeps(name), Mutates: mutates(name), Like: like(name)}
	}
	for _, name := range volatile() {
		f := table[name]
		f.Volatile = true
		table[name] = f
	}
	return table
}

// keeps knows the functions that move values without looking into them.
func keeps(name string) func(i, n int) Depth {
	switch name {
	case "list", "tuple":
		return Each(Any)
	case "dict":
		return func(i, _ int) Depth { return Depth(i%2) * Any } // key, value, key, value
	case "set":
		return Each(Inner, Exact, Any)
	case "append", "push", "prepend", "mustAppend", "mustPush", "mustPrepend":
		return Each(Inner, Any)
	case "get", "hasKey", "unset", "pick", "omit", "slice", "mustSlice":
		return Each(Inner, Exact)
	case "pluck", "chunk", "mustChunk":
		return Each(Exact, Inner)
	case "first", "last", "rest", "initial", "reverse", "concat", "keys", "values", "all", "any", "empty",
		"mustFirst", "mustLast", "mustRest", "mustInitial", "mustReverse":
		return Each(Inner)
	case "default":
		return Each(Any, Inner)
	case "ternary":
		return Each(Any, Any, Exact)
	case "dig": // KEY... DEFAULT DICT
		return func(i, n int) Depth { return [3]Depth{Exact, Any, Inner}[max(0, i-n+3)] }
	}
	return nil
}

func mutates(name string) bool {
	switch name {
	case "set", "unset", "merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite":
		return true
	}
	return false
}

// like has an entry for what is random or takes milliseconds and more.
func like(name string) any {
	switch name {
	case "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey":
		return map[string]any{"Cert": "-----BEGIN CERTIFICATE-----", "Key": "-----BEGIN PRIVATE KEY-----"}
	case "genPrivateKey":
		return "-----BEGIN PRIVATE KEY-----"
	case "randAlphaNum", "randAlpha", "randAscii", "shuffle", "derivePassword":
		return "x"
	case "randNumeric":
		return "1"
	case "randInt":
		return 1
	case "randBytes", "encryptAES":
		return "AAAA"
	case "uuidv4":
		return "00000000-0000-4000-8000-000000000000"
	case "bcrypt":
		return "$2a$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz01234"
	}
	return nil
}

func volatile() []string {
	return []string{"genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
		"genSignedCertWithKey", "genPrivateKey", "randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randInt",
		"randBytes", "shuffle", "encryptAES", "uuidv4", "bcrypt", "now", "ago"}
}
