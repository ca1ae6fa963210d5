package template

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"text/template/parse"
)

// Wide is what is known of a computed reference without executing: the part
// that can be read off the template.
type Wide struct {
	// Query is the question as far as it is known. Its Ref.Name is how the name
	// begins where Prefix is set.
	Query      Query
	Prefix     bool // the name is computed
	AnyContext bool // the context is computed; Query.Ref.Context means nothing
	AnyVersion bool // the version is computed; Query.Ref.Version means nothing
}

// anyName stands for what is not known of a name, at its end.
const anyName = "*"

// wide calls a function with what stands for its computed arguments.
func (t *Template) wide(id *parse.IdentifierNode, before []*parse.CommandNode, nodes []parse.Node) Wide {
	var w Wide
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
	_, err := p.callLoose(id.Ident, t.table[id.Ident], args)
	w.Query.Kind = t.table[id.Ident].kind
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

// argument is what a function does with one of its arguments.
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

// beginning is the constant text that a computed string begins with, for the
// ways in which names are put together: printf, print, and variables of none.
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

// literal is a format's text before its first verb.
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
