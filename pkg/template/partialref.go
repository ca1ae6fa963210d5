package template

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"text/template/parse"
)

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
