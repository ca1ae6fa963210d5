package template

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// StaticRef is one call in the text of a template that asks for something by name,
// whether or not execution reaches it.
type StaticRef struct {
	Template  string // the template's name, or that of a partial
	Line, Col int
	Func      string // the function called
	Kind      Kind
	// Query is what the call asks for if its arguments are constants.
	Query Query
	// Dynamic is set if they are computed: Query then has only its Kind.
	Dynamic bool
	// Partial is what is known of a Dynamic one all the same.
	Partial PartialRef
	// Err is set if the constants make no query: an unknown context name, a
	// name that is not allowed. It is of type [*Error].
	Err error
}

// Refs returns every call of secret, secrets, env, file, hostname, now and
// their relatives, in branches not taken too, in the order of the text.
func (t *Template) Refs() []StaticRef { return slices.Clone(t.refs()) }

func (t *Template) findRefs() []StaticRef {
	var refs []StaticRef
	for _, tree := range t.original {
		inspect(tree.Root, func(n parse.Node) bool {
			if pipe, ok := n.(*parse.PipeNode); ok {
				refs = append(refs, t.refsIn(pipe)...)
			}
			return true
		})
	}
	slices.SortStableFunc(refs, func(a, b StaticRef) int {
		return cmp.Or(cmp.Compare(t.partOf(a.Template), t.partOf(b.Template)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return refs
}

// refsIn returns the calls among a pipeline's own commands.
func (t *Template) refsIn(pipe *parse.PipeNode) (refs []StaticRef) {
	for i, c := range pipe.Cmds {
		for j, a := range c.Args {
			id, ok := a.(*parse.IdentifierNode)
			if !ok || find(id.Ident).kind == "" {
				continue
			}
			args, known := []reflect.Value{}, true // as an argument it is called with none
			if j == 0 {
				args, known = t.constants(pipe.Cmds[:i], c.Args[1:])
			}
			ref := t.staticRef(id, args, known)
			if ref.Dynamic {
				ref.Partial = t.partial(id, pipe.Cmds[:i], c.Args[1:])
			}
			refs = append(refs, ref)
		}
	}
	return refs
}

func (t *Template) staticRef(id *parse.IdentifierNode, args []reflect.Value, known bool) StaticRef {
	f := find(id.Ident)
	name, line, col := t.position(id.Pos)
	ref := StaticRef{Template: name, Line: line, Col: col, Func: id.Ident, Kind: f.kind, Query: Query{Kind: f.kind}, Dynamic: !known}
	if !known {
		return ref
	}
	p := t.newPass(context.Background(), nil)
	_, err := p.callLoose(f, args)
	ask, refused := errors.AsType[*askError](err)
	switch {
	case len(p.asked) > 0:
		ref.Query = p.asked[0]
	case refused:
		ref.Query = ask.query
		ref.Err = &Error{Template: name, Line: line, Col: col, Func: id.Ident, Query: ask.query,
			Msg: ask.query.String() + ": " + ask.err.Error(), Err: ask.err}
	case err != nil: // about constants, so all of it may be shown
		ref.Err = &Error{Template: name, Line: line, Col: col, Func: id.Ident, Msg: funcs.Describe(err).Text}
	}
	return ref
}

// constants evaluates the arguments of a command, the last of which may come
// from the commands before it. ok is false where one is not constant.
func (t *Template) constants(before []*parse.CommandNode, args []parse.Node) (values []reflect.Value, ok bool) {
	for _, a := range args {
		v, ok := t.constant(a)
		if !ok {
			return nil, false
		}
		values = append(values, v)
	}
	if len(before) == 0 {
		return values, true
	}
	v, ok := t.constantPipe(before)
	return append(values, v), ok
}

// constant evaluates constants, and the functions of the table over them that
// ask for nothing.
func (t *Template) constant(n parse.Node) (v reflect.Value, ok bool) {
	switch n := n.(type) {
	case *parse.StringNode:
		return reflect.ValueOf(n.Text), true
	case *parse.BoolNode:
		return reflect.ValueOf(n.True), true
	case *parse.NumberNode:
		switch {
		case n.IsInt:
			return reflect.ValueOf(int(n.Int64)), true
		case n.IsFloat:
			return reflect.ValueOf(n.Float64), true
		}
	case *parse.PipeNode:
		if len(n.Decl) == 0 {
			return t.constantPipe(n.Cmds)
		}
	}
	return v, false
}

func (t *Template) constantPipe(cmds []*parse.CommandNode) (v reflect.Value, ok bool) {
	last := cmds[len(cmds)-1]
	id, isCall := last.Args[0].(*parse.IdentifierNode)
	if !isCall {
		if len(cmds) > 1 || len(last.Args) > 1 {
			return v, false
		}
		return t.constant(last.Args[0])
	}
	f := find(id.Ident)
	if f.name == "" || f.asks || f.Like != nil {
		return v, false
	}
	args, ok := t.constants(cmds[:len(cmds)-1], last.Args[1:])
	if !ok {
		return v, false
	}
	p := t.newPass(context.Background(), nil)
	v, err := p.callLoose(f, args)
	return concrete(v), err == nil
}

// PartialRef is what is known of a computed reference without executing the template.
type PartialRef struct {
	// Query is what is known of the query. If Prefix is set, its Ref.Name is the
	// beginning of the name.
	Query      Query
	Prefix     bool // the name is computed
	AnyContext bool // the context is computed; Query.Ref.Context means nothing
	AnyVersion bool // the version is computed; Query.Ref.Version means nothing
}

// anyName takes the place of the unknown end of a name.
const anyName = "*"

// partial calls a function with placeholders for its computed arguments.
func (t *Template) partial(id *parse.IdentifierNode, before []*parse.CommandNode, nodes []parse.Node) PartialRef {
	var w PartialRef
	if len(before) > 0 {
		nodes = append(append([]parse.Node{}, nodes...), &parse.PipeNode{NodeType: parse.NodePipe, Cmds: before})
	}
	args := make([]reflect.Value, 0, len(nodes))
	for i, n := range nodes {
		if v, ok := t.constant(n); ok {
			args = append(args, v)
			continue
		}
		switch role(id.Ident, i) {
		case nameArgument:
			w.Prefix = true
			args = append(args, reflect.ValueOf(t.beginning(n)+anyName))
		case versionArgument:
			w.AnyVersion = true
			args = append(args, reflect.ValueOf("1"))
		case contextArgument:
			w.AnyContext = true
		case otherArgument:
			args = append(args, reflect.ValueOf(""))
		}
	}
	p := t.newPass(context.Background(), nil)
	_, err := p.callLoose(find(id.Ident), args)
	w.Query.Kind = find(id.Ident).kind
	if ask, refused := errors.AsType[*askError](err); refused {
		w.Query = ask.query
	} else if len(p.asked) > 0 {
		w.Query = p.asked[0]
	} else { // it cannot succeed, or asks for nothing by name
		w.Prefix, w.AnyContext = true, true
	}
	if w.Prefix {
		w.Query.Ref.Name, _, _ = strings.Cut(w.Query.Ref.Name, anyName)
	}
	return w
}

// argument is the role of an argument of a function.
type argument int

const (
	nameArgument argument = iota
	versionArgument
	contextArgument
	otherArgument
)

func role(function string, at int) argument {
	switch {
	case function == "secretOr" && at == 0, function == "secretsManager" && at == 1:
		return otherArgument
	case at == 0, function == "secretOr" && at == 1:
		return nameArgument
	case at == 1 && (function == "secretVersion" || function == "s3object"):
		return versionArgument
	}
	return contextArgument
}

// beginning returns the constant text that a computed string begins with, for names
// that printf or print puts together.
func (t *Template) beginning(n parse.Node) string {
	pipe, ok := n.(*parse.PipeNode)
	if !ok || len(pipe.Cmds) != 1 {
		return ""
	}
	args := pipe.Cmds[0].Args
	id, ok := args[0].(*parse.IdentifierNode)
	if !ok {
		return t.beginning(args[0])
	}
	if (id.Ident != "printf" && id.Ident != "print") || len(args) < 2 {
		return ""
	}
	first, ok := t.constant(args[1])
	if !ok || first.Kind() != reflect.String {
		return ""
	}
	if id.Ident == "print" {
		return first.String()
	}
	return literal(first.String())
}

// literal returns a format's text before its first verb.
func literal(format string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(format, "%")
		b.WriteString(text)
		if !found || !strings.HasPrefix(rest, "%") {
			return b.String()
		}
		b.WriteByte('%')
		format = rest[1:]
	}
}
