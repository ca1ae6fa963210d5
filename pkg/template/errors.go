package template

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
	"github.com/credrender/credrender/pkg/template/mask"
)

// Sentinels that an [*Error] may wrap.
var (
	// ErrSyntax is the error of a text that is not a template.
	ErrSyntax = errors.New("template syntax")
	// ErrNotAllowed is the error of what Options.Allow or Options.Restrict refuses.
	ErrNotAllowed = errors.New("not allowed here")
	// ErrNotFetched is the error of Execute if an answer was not fetched before.
	ErrNotFetched = errors.New("not fetched")
)

// Error is the error of a template: where and why it failed. It never holds a value: the
// messages of libraries about their input are replaced by descriptions, unless an
// execution that knew no secret produced the same message.
type Error struct {
	Template  string
	Line, Col int    // 1-based; 0 where unknown
	Func      string // the function that failed, or empty
	Query     Query  // what was asked for, without a derived name; its Kind is empty if nothing was
	Msg       string // the likely cause
	// OfValue is set if a value from outside is at fault, such as a secret that is not a
	// number, and not the text or the variables of the template.
	OfValue bool
	Err     error // the cause, for errors.Is and errors.As; or nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("template " + source.Show(e.Template))
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
		if e.Col > 0 {
			fmt.Fprintf(&b, ":%d", e.Col)
		}
	}
	if e.Func != "" && e.Func != string(e.Query.Kind) { // "secret db.password: ..." says it
		b.WriteString(": " + e.Func)
	}
	b.WriteString(": " + mask.Visible(e.Msg)) // in one line, though {{ fail }} may give several
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

func (t *Template) errorAt(pos parse.Pos) *Error {
	e := &Error{}
	e.Template, e.Line, e.Col = t.position(pos)
	return e
}

func (t *Template) position(pos parse.Pos) (name string, line, col int) {
	p := t.parts[t.partAt(int(pos))]
	before := t.text[p.start:min(int(pos), len(t.text))]
	return p.name, 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

func (t *Template) syntax(part, line int, msg string) *Error {
	return &Error{Template: t.parts[part].name, Line: line, Msg: msg, Err: ErrSyntax}
}

// parseError rewords the parser's error, which quotes only the template.
func (t *Template) parseError(err error) *Error {
	msg := strings.TrimPrefix(err.Error(), "template: ")
	part, line := 0, 0
	if m := inPart().FindStringSubmatch(msg); m != nil {
		part, _ = strconv.Atoi(m[1])
		line, _ = strconv.Atoi(m[2])
		msg = msg[len(m[0]):]
	}
	msg = anyPart().ReplaceAllString(msg, "line ")
	name, isCall := strings.CutPrefix(msg, `function "`)
	if name, ok := strings.CutSuffix(name, `" not defined`); isCall && ok {
		msg += suggestion(member(t.line(part, line), name), names())
	}
	return t.syntax(part, line, msg)
}

// line returns a line of a part, or "".
func (t *Template) line(part, line int) string {
	lines := strings.Split(t.partText(part), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return lines[line-1]
}

// explain returns the error of a real pass as an Error.
func (t *Template) explain(err error, p *pass) *Error {
	if p.late != nil {
		return p.late
	}
	e := &Error{Template: t.opts.Name}
	err = innermost(err)
	if offset, ok := t.offsetIn(err); ok {
		e.Template, e.Line, e.Col = t.position(parse.Pos(offset))
	}
	if ctxErr := p.ctx.Err(); ctxErr != nil {
		e.Msg, e.Err = interrupted(ctxErr), ctxErr
		return e
	}
	failed := err
	if call, ok := errors.AsType[*callError](err); ok {
		e.Func, failed = call.name, call.err
	}
	if ask, ok := errors.AsType[*askError](failed); ok {
		e.ofQuery(ask.query, ask.err, t.named(p)[ask.query.Key()])
		e.OfValue = errors.Is(ask.err, errNotSet)
		return e
	}
	causes := t.findFault(e, err, p)
	if f, ok := errors.AsType[*funcs.Failure](failed); ok {
		e.Msg, e.Err = f.Safe, f.Err
		if f.Text != f.Safe && t.mayShow(e.Func, f.Text, p) {
			e.Msg = f.Text
		}
	} else {
		e.Msg = coreMessage(err.Error())
	}
	if label := Label(causes...); label != "" {
		e.Msg = label + ": " + e.Msg
	}
	return e
}

// innermost returns the error of the innermost include that failed, which has the place
// of the failure.
func innermost(err error) error {
	for nested, ok := errors.AsType[*nestedError](err); ok; nested, ok = errors.AsType[*nestedError](err) {
		err = nested.err
	}
	return err
}

// offsetIn reads the position in a message of text/template. Columns of the first line of
// a partial include the comment before it.
func (t *Template) offsetIn(err error) (offset int, ok bool) {
	m := position().FindStringSubmatch(err.Error())
	if m == nil {
		return 0, false
	}
	part, _ := strconv.Atoi(m[1]) // 0 for the empty string
	line, _ := strconv.Atoi(m[2])
	col, _ := strconv.Atoi(m[3])
	if line == 1 {
		return col, true
	}
	start := t.parts[part].start
	for range line - 1 {
		start += strings.IndexByte(t.text[start:], '\n') + 1
	}
	return start + col, true
}

// mayShow reports whether a function's error holds no secret: it is a constant of the
// template, or a pass that knows no hidden answer met the same error.
func (t *Template) mayShow(fn, text string, p *pass) bool {
	return isOwnMessage(fn) && t.strings[text] || t.runBlind(p.ctx, p.x, p.turns).heard[p.said(fn, text)]
}

// isOwnMessage reports whether a function fails with a message of the template, so that
// the failure is the template's (exit code 2) whatever value led to it.
func isOwnMessage(fn string) bool { return fn == "fail" || fn == "required" }

// said identifies an error of a function at a point of the execution.
func (p *pass) said(fn, text string) string { return fmt.Sprintf("%d %s\x00%s", p.path(), fn, text) }

func interrupted(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "it took too long"
	}
	return "interrupted"
}

// ofQuery describes the error of a query. The name of a secret may be another secret's
// value, and the error of a source contains it too.
func (e *Error) ofQuery(q Query, err error, named bool) {
	q.Derived = !named
	e.Query, e.Err = q, err
	why := err.Error()
	if ref, ok := errors.AsType[*source.RefError](err); ok && ref.Ref == q.Ref {
		why = ref.Err.Error() // the ref is named already
	}
	if q.Derived {
		e.Query = Query{Kind: q.Kind, Derived: true}
		e.Err, why = nil, "no value (the details are hidden: its name depends on a secret)"
		for _, known := range sentinels() {
			if errors.Is(err, known) {
				e.Err, why = known, known.Error()
			}
		}
	}
	e.Msg = q.String() + ": " + strings.ReplaceAll(why, "\n", "; ")
}

func sentinels() []error {
	return []error{source.ErrNotFound, source.ErrDenied, source.ErrWrongContext, source.ErrIntegrity, source.ErrUnsupported,
		source.ErrThrottled, source.ErrUnreachable, source.ErrNoStore, source.ErrNoSource, ErrNotAllowed, ErrNotFetched,
		source.ErrDisabled, source.ErrNoKey} // the narrower ones last
}

// position matches the beginning of text/template's messages, inPart that of its parser's,
// anyPart a place within them, and plain those that may be shown: they contain fields, types and numbers of arguments, and no values.
var (
	position = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^template: \x00(\d*):(\d+):(\d+): `) })
	inPart   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\x00(\d*):(\d+): `) })
	anyPart  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\x00\d*:`) })
	plain    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)^template: \x00\d*:\d+:\d+: executing ".*" at <.*>: (` +
			`wrong number of args for \w+: want (?:at least )?\d+ got \d+|` +
			`wrong type for value; expected [^\n]+; got [^\n]+|` +
			`invalid value; expected [^\n]+|` +
			`nil data; no entry for key "\w+"|` +
			`map has no entry for key "\w+"|` +
			`nil pointer evaluating [^\n]+|` +
			`can't evaluate field \w+ in type [^\n]+|` +
			`\w+ is not a method but has arguments|` +
			`\w+ has arguments but cannot be invoked as function|` +
			`\w+ is an unexported field of struct type [^\n]+|` +
			`template "[^"\n]*" not defined|` +
			`expected [a-z ]+; found [^\n]+|` +
			`cannot assign nil to [^\n]+|` +
			`can't give argument to non-function [^\n]+|` +
			`can't handle [^\n]+ for arg of type [^\n]+|` + // a constant of the template
			`nil is not a command)$`)
	})
)

// coreMessage returns the part of text/template's own message that may be shown.
func coreMessage(text string) string {
	m := plain().FindStringSubmatch(text)
	if m == nil || strings.Contains(text, ">: error calling ") {
		return "it cannot be executed (the details are hidden: they may show a value)"
	}
	if typ, ok := strings.CutPrefix(m[1], "invalid value; expected "); ok {
		return "it got nil (a missing key?), and needs a " + typ
	}
	return m[1]
}
