package syntax

import "slices"

// postfix reads what follows an operand: attributes, items and calls.
func (p *parser) postfix(x Expr) Expr {
	for {
		switch {
		case p.isOp("."), p.isOp("["):
			x = p.subscript(x)
		case p.isOp("("):
			x = &Call{x, p.args()}
		default:
			return x
		}
	}
}

func (p *parser) filters(x Expr) Expr {
	for {
		switch {
		case p.isOp("|"):
			x = p.filter(x)
		case p.isName("is"):
			x = p.test(x)
		case p.isOp("("): // calls are valid both after postfix expressions and filters
			x = &Call{x, p.args()}
		default:
			return x
		}
	}
}

func (p *parser) subscript(x Expr) Expr {
	if p.skipOp(".") {
		t := p.advance()
		switch t.kind {
		case name:
			return &Getattr{x, t.text}
		case integer:
			return &Getitem{x, &Const{t.value}}
		}
		p.fail(t.line, "expected name or number")
	}
	p.expectOp("[")
	var items []Expr
	for !p.isOp("]") {
		if len(items) > 0 {
			p.expectOp(",")
		}
		items = append(items, p.subscribed())
	}
	p.expectOp("]")
	if len(items) == 1 {
		return &Getitem{x, items[0]}
	}
	return &Getitem{x, &Tuple{items}}
}

func (p *parser) subscribed() Expr {
	part := func() Expr {
		if p.isOp(":") || p.isOp("]") || p.isOp(",") {
			return nil
		}
		return p.expression()
	}
	first := part()
	if !p.skipOp(":") {
		if first == nil {
			p.fail(p.current().line, "unexpected "+describe(p.current()))
		}
		return first
	}
	s := &Slice{Start: first, Stop: part()}
	if p.skipOp(":") {
		s.Step = part()
	}
	return s
}

func (p *parser) args() Args {
	line := p.expectOp("(").line
	var a Args
	p.separated(")", func() {
		switch {
		case p.skipOp("*"):
			p.ensure(a.Star == nil && a.Double == nil, line)
			a.Star = p.expression()
		case p.skipOp("**"):
			p.ensure(a.Double == nil, line)
			a.Double = p.expression()
		case p.current().kind == name && p.peek().kind == op && p.peek().text == "=":
			p.ensure(a.Double == nil, line)
			key := p.advance().text
			p.advance()
			a.Named = append(a.Named, Keyword{key, p.expression()})
		default:
			p.ensure(a.Star == nil && a.Double == nil && len(a.Named) == 0, line)
			a.Pos = append(a.Pos, p.expression())
		}
	})
	return a
}

func (p *parser) ensure(ok bool, line int) {
	if !ok {
		p.fail(line, "invalid syntax for function call expression")
	}
}

// dotted parses the name of a filter or test.
func (p *parser) dotted() string {
	s := p.identifier()
	for p.skipOp(".") {
		s += "." + p.identifier()
	}
	return s
}

func (p *parser) filter(x Expr) Expr {
	line := p.expectOp("|").line
	f := &Filter{X: x, Name: p.dotted(), Line: line}
	if p.isOp("(") {
		f.Args = p.args()
	}
	return f
}

func (p *parser) test(x Expr) Expr {
	t := &Test{X: x, Line: p.expectName("is").line}
	t.Negated = p.skipName("not")
	t.Name = p.dotted()
	now := p.current()
	switch {
	case p.isOp("("):
		t.Args = p.args()
	case now.kind == str, now.kind == integer, now.kind == float, p.isOp("["), p.isOp("{"),
		now.kind == name && !slices.Contains([]string{"else", "or", "and"}, now.text):
		if p.isName("is") {
			p.fail(now.line, "you cannot chain multiple tests with is")
		}
		t.Pos = []Expr{p.postfix(p.primary(false))}
	}
	return t
}
