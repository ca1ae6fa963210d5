package confd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// converter converts one template for one backend.
type converter struct {
	file, text string
	store      backend
	edits      []edit
	left       []Left
	patterns   []string // that may match nothing
}

// edit replaces a part of the text.
type edit struct {
	start, end int
	text       string
}

// noEquivalent is the panic of an expression without an equivalent. try recovers it.
type noEquivalent struct{ what string }

func refuse(format string, args ...any) string {
	panic(noEquivalent{fmt.Sprintf(format, args...)})
}

func (c *converter) convert() ([]byte, error) {
	trees := map[string]*parse.Tree{}
	top := parse.New(c.file)
	top.Mode = parse.SkipFuncCheck
	if _, err := top.Parse(c.text, "", "", trees); err != nil {
		return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "template: "))
	}
	trees[c.file] = top
	for _, tree := range trees {
		if tree.Root != nil {
			c.list(tree.Root)
		}
	}
	slices.SortFunc(c.edits, func(a, b edit) int { return a.start - b.start })
	slices.SortFunc(c.left, func(a, b Left) int { return a.Line - b.Line })
	slices.Sort(c.patterns)
	c.patterns = slices.Compact(c.patterns)
	var out strings.Builder
	at := 0
	for _, e := range c.edits {
		out.WriteString(c.text[at:e.start] + e.text)
		at = e.end
	}
	return []byte(out.String() + c.text[at:]), nil
}

func (c *converter) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			c.rewrite(n.Pipe)
		case *parse.TemplateNode:
			c.rewrite(n.Pipe)
		case *parse.IfNode:
			c.branch(&n.BranchNode)
		case *parse.RangeNode:
			c.branch(&n.BranchNode)
		case *parse.WithNode:
			c.branch(&n.BranchNode)
		}
	}
}

func (c *converter) branch(b *parse.BranchNode) {
	c.rewrite(b.Pipe)
	c.list(b.List)
	c.list(b.ElseList)
}

// rewrite replaces a pipeline that calls functions of confd.
func (c *converter) rewrite(p *parse.PipeNode) {
	if p == nil {
		return
	}
	start := int(p.Position())
	end := start + actionEnd(c.text[start:])
	if text, changed := c.try(p, start); changed {
		c.edits = append(c.edits, edit{start, end, text})
	}
}

// try returns the new text of a pipeline: a call of fail if it has no equivalent.
func (c *converter) try(p *parse.PipeNode, start int) (text string, changed bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case noEquivalent:
			line := lineAt(c.text, start)
			c.left = append(c.left, Left{c.file, line, r.what})
			message := fmt.Sprintf("line %d of confd's template was not converted: %s", line, r.what)
			text, changed = declaration(p)+"fail "+strconv.Quote(message), true
		default:
			panic(r)
		}
	}()
	r := rewriter{c: c}
	text = r.pipeline(p)
	return text, r.changed
}

// actionEnd returns where the pipeline ends that the text begins with: before the right
// delimiter, and before its trim marker and white space.
func actionEnd(text string) int {
	end := len(text)
scan:
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"', '\'':
			for quote := text[i]; i+1 < len(text) && text[i+1] != quote; i++ {
				if text[i+1] == '\\' {
					i++
				}
			}
			i++
		case '`':
			i += 1 + strings.IndexByte(text[i+1:], '`')
		case '}':
			if strings.HasPrefix(text[i:], "}}") {
				end = i
				break scan
			}
		}
	}
	action := text[:end]
	if trimmed := strings.TrimSuffix(action, "-"); trimmed != action && strings.TrimRight(trimmed, " \t\r\n") != trimmed {
		action = trimmed
	}
	return len(strings.TrimRight(action, " \t\r\n"))
}

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
