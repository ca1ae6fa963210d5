package syntax

import (
	"slices"
	"strings"
)

// Parse parses a template. The error is an *Error.
func Parse(source string) (nodes []Node, err error) {
	tokens, err := lex(source)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			nodes, err = nil, r
		default:
			panic(r)
		}
	}()
	return p.body(), nil
}

// body parses statements up to one of the given tags, without consuming it, or to the end
// of the template.
func (p *parser) body(until ...string) []Node {
	var nodes []Node
	for {
		t := p.current()
		switch t.kind {
		case text:
			nodes = append(nodes, &Text{p.advance().text})
		case varBegin:
			p.advance()
			nodes = append(nodes, &Print{p.tuple(true, false, ""), t.line})
			p.expect(varEnd, "", "end of print statement")
		case blockBegin:
			p.advance()
			if now := p.current(); now.kind == name && slices.Contains(until, now.text) {
				return nodes
			}
			nodes = append(nodes, p.statement())
			p.expect(blockEnd, "", "end of statement block")
		default: // end
			if len(until) > 0 {
				p.fail(t.line, "unexpected end of template, expected "+strings.Join(until, " or ")+
					" for "+p.tags[len(p.tags)-1])
			}
			return nodes
		}
	}
}

// block parses the rest of an opening tag and the body up to one of the tags in until,
// whose name it returns.
func (p *parser) block(tag string, until ...string) ([]Node, string) {
	p.skipOp(":")
	p.expect(blockEnd, "", "end of statement block")
	p.tags = append(p.tags, tag)
	nodes := p.body(until...)
	p.tags = p.tags[:len(p.tags)-1]
	return nodes, p.advance().text
}

func (p *parser) statement() Node {
	t := p.expect(name, "", "tag name")
	switch t.text {
	case "for":
		return p.forLoop(t.line)
	case "if":
		return p.ifBlock(t.line, "if")
	case "set":
		return p.set(t.line)
	case "macro":
		m := &Macro{Name: p.identifier(), Line: t.line}
		m.Params = p.params()
		m.Body, _ = p.block("macro", "endmacro")
		return m
	case "call":
		return p.callBlock(t.line)
	case "filter":
		f := &FilterBlock{Line: t.line, Filter: p.filterChain()}
		f.Body, _ = p.block("filter", "endfilter")
		return f
	case "with":
		return p.with(t.line)
	case "block":
		return p.namedBlock(t.line)
	case "include", "import", "from", "extends":
		for p.current().kind != blockEnd && p.current().kind != end {
			p.advance()
		}
		return &Load{t.text, t.line}
	case "autoescape":
		p.fail(t.line, "autoescape is not carried here: no output is escaped")
	}
	p.fail(t.line, "encountered unknown tag '"+t.text+"'")
	return nil
}

func (p *parser) forLoop(line int) Node {
	f := &For{Line: line, Target: p.targets("in")}
	p.expectName("in")
	f.Iter = p.tuple(false, false, "recursive")
	if p.skipName("if") {
		f.Test = p.expression()
	}
	f.Recursive = p.skipName("recursive")
	var ended string
	if f.Body, ended = p.block("for", "endfor", "else"); ended == "else" {
		f.Else, _ = p.block("for", "endfor")
	}
	return f
}

func (p *parser) ifBlock(line int, tag string) Node {
	n := &If{Line: line, Test: p.tuple(false, false, "")}
	var ended string
	n.Body, ended = p.block(tag, "elif", "else", "endif")
	switch ended {
	case "elif":
		n.Else = []Node{p.ifBlock(p.current().line, tag)}
	case "else":
		n.Else, _ = p.block(tag, "endif")
	}
	return n
}

// targets parses the targets of an assignment.
func (p *parser) targets(until string) Expr {
	line := p.current().line
	x := p.tupleOf(func() Expr { return p.primary(until == "") }, false, until)
	p.assignable(x, line)
	return x
}

func (p *parser) assignable(x Expr, line int) {
	switch x := x.(type) {
	case *Name, *NSRef:
	case *Tuple:
		for _, item := range x.Items {
			p.assignable(item, line)
		}
	default:
		p.fail(line, "can't assign to that")
	}
}

func (p *parser) set(line int) Node {
	target := p.targets("")
	if p.skipOp("=") {
		return &Set{target, p.tuple(true, false, ""), line}
	}
	s := &SetBlock{Target: target, Line: line}
	if p.isOp("|") {
		s.Filter = p.filterRest(nil)
	}
	s.Body, _ = p.block("set", "endset")
	return s
}

// filterChain parses name(args)|name... at the head of a filter block.
func (p *parser) filterChain() Expr {
	f := &Filter{Line: p.current().line, Name: p.dotted()}
	if p.isOp("(") {
		f.Args = p.args()
	}
	return p.filterRest(f)
}

func (p *parser) filterRest(x Expr) Expr {
	for p.isOp("|") {
		x = p.filter(x)
	}
	return x
}

// params parses the parameters of a macro.
func (p *parser) params() []Param {
	p.expectOp("(")
	params := []Param{}
	for !p.isOp(")") {
		if len(params) > 0 {
			p.expectOp(",")
		}
		param := Param{Name: p.identifier()}
		if p.skipOp("=") {
			param.Default = p.expression()
		} else if len(params) > 0 && params[len(params)-1].Default != nil {
			p.fail(p.current().line, "non-default argument follows default argument")
		}
		params = append(params, param)
	}
	p.expectOp(")")
	return params
}

func (p *parser) callBlock(line int) Node {
	c := &CallBlock{Line: line, Caller: &Macro{Name: "caller", Line: line}}
	if p.isOp("(") {
		c.Caller.Params = p.params()
	}
	call, ok := p.expression().(*Call)
	if !ok {
		p.fail(line, "expected call")
	}
	c.Call = call
	c.Caller.Body, _ = p.block("call", "endcall")
	return c
}

func (p *parser) with(line int) Node {
	w := &With{Line: line}
	for p.current().kind != blockEnd {
		if len(w.Targets) > 0 {
			p.expectOp(",")
		}
		at := p.current().line
		target := p.primary(false)
		p.assignable(target, at)
		p.expectOp("=")
		w.Targets = append(w.Targets, target)
		w.Values = append(w.Values, p.expression())
	}
	w.Body, _ = p.block("with", "endwith")
	return w
}

func (p *parser) namedBlock(line int) Node {
	b := &Block{Line: line, Name: p.identifier()}
	p.skipName("scoped")
	p.skipName("required")
	b.Body, _ = p.block("block", "endblock")
	if p.isName(b.Name) {
		p.advance()
	}
	return b
}
