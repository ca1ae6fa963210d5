package template

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/credrender/credrender/pkg/template/mask"
)

// Options say how a template is parsed and what it may ask for.
type Options struct {
	// Name is the template's name in messages: the path of its file.
	Name string
	// LeftDelim and RightDelim replace {{ and }} where they are not empty.
	LeftDelim, RightDelim string
	// Vars is what the template sees as .Vars. Each pass works on a copy.
	Vars map[string]any
	// Contexts are the encryption contexts that a template may name.
	Contexts map[string]map[string]string
	// Context is the encryption context of a secret that names none.
	Context map[string]string
	// Sources are the configured prefixes that count in a secret's name.
	Sources []string
	// Allow limits the names that may be asked for (* stands for any run of
	// characters; "prefix:name" where a source has a prefix); empty: all.
	Allow []string
	// Restrict refuses the functions that look outside the store: env, file,
	// hostname and the clock.
	Restrict bool
}

// Template is a parsed template. It does not change and may be used by
// several goroutines at once.
type Template struct{ opts Options }

// Parse reads a template. Errors are of type [*Error] and wrap [ErrSyntax].
func Parse(text string, o Options) (*Template, error) { return nil, errUnbuilt }

// Discover returns what executing the template asks for and lookup does not
// know yet, without duplicates and in order. What lookup cannot answer is
// unknown: whatever depends on it is unknown too, and a branch that depends on
// it is not entered. So everything that does not depend on a secret is found
// at once, and a reference that execution does not reach is never returned.
//
// The caller fetches, and calls Discover again until nothing is returned.
// Errors in the template are left for [Template.Execute].
func (t *Template) Discover(ctx context.Context, lookup Lookup) []Query { return nil }

// Execute renders the template. Errors are of type [*Error]; they wrap the
// error of the answer that made them, [ErrNotAllowed], [ErrNotFetched] or the
// error of ctx where there was one, and never hold a value.
func (t *Template) Execute(ctx context.Context, lookup Lookup) (Output, error) {
	return Output{}, errUnbuilt
}

// Mask says which parts of what Execute returned may be shown: the template's
// own text, and what an execution that knows no hidden answer ([Kind.Hidden])
// printed byte for byte the same at the same place. All else is hidden under a
// label that names what it depends on. lookup is the one that Execute had. The
// error is that of ctx.
func (t *Template) Mask(ctx context.Context, lookup Lookup, out Output) (mask.Text, error) {
	return mask.Text{}, errUnbuilt
}

// Output is a rendered file.
type Output struct {
	Bytes []byte
}

// Format writes the size alone, so that no value gets into a log.
func (o Output) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[%d bytes]", len(o.Bytes)) }

// LogValue gives the size alone.
func (o Output) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// StaticRef is one call in the text of a template that asks for something,
// whether or not execution would reach it.
type StaticRef struct {
	Line, Col int
	Func      string // the function called
	Kind      Kind
	// Query is what the call asks for where its arguments are constants.
	Query Query
	// Dynamic is set where they are computed: Query then has its Kind alone.
	Dynamic bool
	// Err is set where the constants cannot make a query: an unknown context
	// name, a name that is not allowed.
	Err error
}

// Refs returns every call that asks for something, in branches not taken too,
// in the order of the text.
func (t *Template) Refs() []StaticRef { return nil }

// LintOptions say what Lint cannot see in the template itself.
type LintOptions struct {
	// Dest is the file to be written; its extension tells the format where
	// Format is empty. Format is json, yaml, toml, env, sh or pem.
	Dest, Format string
	// Scheduled: the template is rendered again and again.
	Scheduled bool
	// Dests are all destinations of the run.
	Dests []string
}

// Finding is a warning about a template.
type Finding struct {
	Line, Col int
	Rule      string // "volatile", "unquoted", "wildcard", "own-output", "refused", "undefined"
	Message   string
}

// Lint returns warnings in the order of the text.
func (t *Template) Lint(o LintOptions) []Finding { return nil }

// Sentinels that an [*Error] may wrap.
var (
	// ErrSyntax: the text is not a template.
	ErrSyntax = errors.New("template syntax")
	// ErrNotAllowed: Options.Allow or Options.Restrict refuses it.
	ErrNotAllowed = errors.New("not allowed here")
	// ErrNotFetched: Execute asked for what its Lookup does not know.
	ErrNotFetched = errors.New("not fetched")
)

var errUnbuilt = errors.New("under construction")

// Error says where and why a template failed. It never holds a value.
type Error struct {
	Template  string
	Line, Col int    // 1-based; 0 where unknown
	Func      string // the function that failed, or empty
	Query     Query  // what was asked for; its Kind is empty where nothing was
	Msg       string // the likely cause
	Err       error  // the cause, for errors.Is and errors.As; or nil
}

func (e *Error) Error() string { return e.Msg }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
