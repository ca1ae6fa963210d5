package confd

import (
	"strings"
	"text/template/parse"
)

// rewriter writes one pipeline anew.
type rewriter struct {
	c       *converter
	changed bool
}

// arg is an argument of a call.
type arg struct {
	text      string // as an operand: in parentheses if it is a pipeline
	literal   string // of a constant string
	isLiteral bool
	format    string // of a printf with a constant format
	rest      string // what the printf formats
	call      string // the function whose result it is
}

func declaration(p *parse.PipeNode) string {
	var names []string
	for _, v := range p.Decl {
		names = append(names, v.String())
	}
	if len(names) == 0 {
		return ""
	}
	assign := " := "
	if p.IsAssign {
		assign = " = "
	}
	return strings.Join(names, ", ") + assign
}

// pipeline writes the commands of a pipeline. One whose arguments change places gets the
// result of those before it as its last argument.
func (r *rewriter) pipeline(p *parse.PipeNode) string {
	text := ""
	for i, cmd := range p.Cmds {
		name, isCall := calls(cmd)
		if i > 0 && (!isCall || keepsOrder(name)) {
			text += " | " + r.command(cmd, nil)
			continue
		}
		var piped []arg
		if i > 0 {
			before, _ := calls(p.Cmds[i-1])
			piped = []arg{{text: "(" + text + ")", call: before}}
		}
		text = r.command(cmd, piped)
	}
	return declaration(p) + text
}

// calls returns the name of the function that a command calls.
func calls(cmd *parse.CommandNode) (string, bool) {
	id, ok := cmd.Args[0].(*parse.IdentifierNode)
	if !ok {
		return "", false
	}
	return id.Ident, true
}

func (r *rewriter) command(cmd *parse.CommandNode, piped []arg) string {
	name, isCall := calls(cmd)
	if isCall {
		return r.call(name, append(r.operands(cmd.Args[1:]), piped...))
	}
	return joined(append(r.operands(cmd.Args), piped...))
}

func joined(args []arg) string {
	texts := make([]string, 0, len(args))
	for _, a := range args {
		texts = append(texts, a.text)
	}
	return strings.Join(texts, " ")
}

func (r *rewriter) operands(nodes []parse.Node) []arg {
	var args []arg
	for _, n := range nodes {
		args = append(args, r.operand(n))
	}
	return args
}

func (r *rewriter) operand(n parse.Node) arg {
	switch n := n.(type) {
	case *parse.StringNode:
		return arg{text: n.Quoted, literal: n.Text, isLiteral: true}
	case *parse.IdentifierNode:
		return arg{text: "(" + r.call(n.Ident, nil) + ")"}
	case *parse.PipeNode:
		a := arg{text: "(" + r.pipeline(n) + ")"}
		a.call, _ = calls(n.Cmds[len(n.Cmds)-1])
		if format, rest, ok := r.formatted(n); ok {
			a.format, a.rest = format, rest
		}
		return a
	case *parse.ChainNode:
		return arg{text: r.operand(n.Node).text + "." + strings.Join(n.Field, ".")}
	}
	return arg{text: n.String()}
}

// formatted reports whether a pipeline is a printf with a constant format.
func (r *rewriter) formatted(p *parse.PipeNode) (format, rest string, ok bool) {
	if len(p.Cmds) != 1 || len(p.Decl) > 0 || len(p.Cmds[0].Args) < 3 {
		return "", "", false
	}
	args := p.Cmds[0].Args
	text, isString := args[1].(*parse.StringNode)
	if name, isCall := calls(p.Cmds[0]); !isCall || name != "printf" || !isString {
		return "", "", false
	}
	return text.Text, joined(r.operands(args[2:])), true
}
