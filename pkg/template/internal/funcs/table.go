// Package funcs has the template functions that need only their arguments: Sprig's, made
// safe for config files, and the quoting of config languages. Functions that ask for
// secrets, files and the like are in package template.
//
// No function makes up a value: one that cannot convert its input fails, where Sprig's
// returns zero, an empty string, the current time, or the text of an error.
package funcs

import (
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/sprig/v3"
)

// Func is one function.
type Func struct {
	// Impl is a Go function with one result, or one and an error. Its first
	// parameter may be a [Clock] (or, in package template, more than that);
	// the rest are the arguments in the template. nil: package template has it.
	Impl any
	// Keeps returns how much of argument i of n must be known to call the function. nil:
	// all of it.
	Keeps func(i, n int) Depth
	// Like is set if the result is random or slow to make: a placeholder of the same
	// shape, for passes that need only the shape.
	Like any
	Traits
}

// Traits are the properties of a function that calls depend on, beyond its types.
type Traits uint

const (
	// Mutates marks functions that change their first argument.
	Mutates Traits = 1 << iota
	// Volatile marks functions whose result differs at each run.
	Volatile
	// Text marks functions that would change text that is not UTF-8, and so refuse it.
	Text
	// Bytes marks functions whose result may be any bytes. All others return UTF-8
	// for UTF-8, or have cut a character in two.
	Bytes
	// Walks marks functions that read all of a list or map, so its size must be bounded.
	Walks
	// Positive marks functions that take whole numbers of 1 and more only.
	Positive
	// Numeric marks functions whose result is a number.
	Numeric
)

// Has reports whether a function has a trait.
func (t Traits) Has(trait Traits) bool { return t&trait != 0 }

// Treatment is how a function relates to Sprig's of the same name.
type Treatment int

const (
	// Unchanged functions are Sprig's.
	Unchanged Treatment = iota
	// Strict functions give Sprig's result or an error.
	Strict
	// Replaced functions also give another result where Sprig's is wrong or differs
	// from run to run, or take values that Sprig's do not know.
	Replaced
	// Removed functions are not registered.
	Removed
	// Own functions have no namesake in Sprig.
	Own
)

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

// row is an entry of the table: one or more functions with the same treatment.
type row struct {
	names     string // separated by blanks
	treatment Treatment
	traits    Traits
	impl      any               // nil: Sprig's own
	over      func(own any) any // makes an implementation out of Sprig's own
}

func (r row) make(own any) any {
	switch {
	case r.over != nil:
		return r.over(own)
	case r.impl != nil:
		return r.impl
	case r.treatment == Unchanged:
		return own
	}
	return nil
}

// Callable returns the names of all functions, those included that package template
// implements.
func Callable() []string {
	all := make([]string, 0, 320)
	for _, r := range rows() {
		if r.treatment != Removed {
			all = slices.AppendSeq(all, strings.FieldsSeq(r.names))
		}
	}
	return all
}

// Find returns one function. A template calls a few, so no table of all is made: that
// takes a sixth of the memory that a run with one secret allocates.
func Find(name string) (Func, bool) {
	for _, r := range rows() {
		if r.treatment == Removed || !r.has(name) {
			continue
		}
		var own any
		if r.over != nil || r.impl == nil {
			own = base()[name]
		}
		return Func{Impl: r.make(own), Traits: r.traits, Keeps: keeps(name), Like: like(name)}, true
	}
	return Func{}, false
}

// base is Sprig's functions.
var base = sync.OnceValue(sprig.TxtFuncMap)

func (r row) has(name string) bool {
	for n := range strings.FieldsSeq(r.names) {
		if n == name {
			return true
		}
	}
	return false
}

// Table returns all functions by name.
func Table() map[string]Func {
	table := map[string]Func{}
	for _, name := range Callable() {
		table[name], _ = Find(name)
	}
	return table
}

// Treatments returns the treatment of every name in the table.
func Treatments() map[string]Treatment {
	all := map[string]Treatment{}
	for _, r := range rows() {
		for name := range strings.FieldsSeq(r.names) {
			all[name] = r.treatment
		}
	}
	return all
}

// keeps returns Func.Keeps of the functions that move values without looking into them.
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
	case "get", "hasKey", "unset", "pick", "omit", "slice", "mustSlice", "index":
		return Each(Inner, Exact)
	case "pluck", "chunk", "mustChunk":
		return Each(Exact, Inner)
	case "first", "last", "rest", "initial", "reverse", "concat", "keys", "values", "all", "any", "empty", "not", "len",
		"mustFirst", "mustLast", "mustRest", "mustInitial", "mustReverse":
		return Each(Inner)
	case "required":
		return Each(Exact, Inner)
	case "default":
		return Each(Any, Inner)
	case "ternary":
		return Each(Any, Any, Exact)
	case "dig": // KEY... DEFAULT DICT
		return func(i, n int) Depth { return [3]Depth{Exact, Any, Inner}[max(0, i-n+3)] }
	}
	return nil
}

// like returns Func.Like of the functions that are random or take milliseconds.
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

// Cost returns how many calls of a simple function a call of the named one is worth: about
// one for each 10 microseconds. first is its first argument, if that is a text.
func Cost(name, first string) int {
	switch name {
	case "genPrivateKey":
		if first == "ed25519" || first == "ecdsa" {
			return 100
		}
		return 100_000 // an RSA key of 4096 bits, or the parameters of DSA
	case "genCA", "genSelfSignedCert", "genSignedCert":
		return 30_000 // an RSA key of 2048 bits
	case "genCAWithKey", "genSelfSignedCertWithKey", "genSignedCertWithKey":
		return 300
	case "bcrypt", "derivePassword":
		return 10_000
	case "htpasswd", "pkcs12", "jks":
		return 1_000
	}
	return 1
}
