package syntax

import "slices"

func (p *parser) expression() Expr { return p.condition(true) }

func (p *parser) condition(withCond bool) Expr {
	if !withCond {
		return p.or()
	}
	x := p.or()
	for p.skipName("if") {
		c := &Cond{Then: x, Test: p.or()}
		if p.skipName("else") {
			c.Else = p.condition(true)
		}
		x = c
	}
	return x
}

func (p *parser) or() Expr {
	x := p.and()
	for p.skipName("or") {
		x = &Binary{"or", x, p.and()}
	}
	return x
}

func (p *parser) and() Expr {
	x := p.not()
	for p.skipName("and") {
		x = &Binary{"and", x, p.not()}
	}
	return x
}

func (p *parser) not() Expr {
	if p.skipName("not") {
		return &Unary{"not", p.not()}
	}
	return p.compare()
}

func (p *parser) compare() Expr {
	first := p.sum()
	var ops []Operand
	for {
		t := p.current()
		switch {
		case t.kind == op && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, t.text):
			p.advance()
			ops = append(ops, Operand{t.text, p.sum()})
		case p.skipName("in"):
			ops = append(ops, Operand{"in", p.sum()})
		case p.isName("not") && p.peek().kind == name && p.peek().text == "in":
			p.advance()
			p.advance()
			ops = append(ops, Operand{"not in", p.sum()})
		default:
			if len(ops) == 0 {
				return first
			}
			return &Compare{first, ops}
		}
	}
}

// chain parses a left-associative chain of operators.
func (p *parser) chain(operand func() Expr, ops ...string) Expr {
	x := operand()
	for p.current().kind == op && slices.Contains(ops, p.current().text) {
		o := p.advance().text
		x = &Binary{o, x, operand()}
	}
	return x
}

func (p *parser) sum() Expr { return p.chain(p.concat, "+", "-") }

func (p *parser) concat() Expr {
	parts := []Expr{p.product()}
	for p.skipOp("~") {
		parts = append(parts, p.product())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return &Concat{parts}
}

func (p *parser) product() Expr { return p.chain(p.power, "*", "/", "//", "%") }
func (p *parser) power() Expr   { return p.chain(func() Expr { return p.unary(true) }, "**") }

func (p *parser) unary(withFilter bool) Expr {
	var x Expr
	switch {
	case p.skipOp("-"):
		x = &Unary{"-", p.unary(false)}
	case p.skipOp("+"):
		x = &Unary{"+", p.unary(false)}
	default:
		x = p.primary(false)
	}
	x = p.postfix(x)
	if withFilter {
		x = p.filters(x)
	}
	return x
}

func (p *parser) primary(targets bool) Expr {
	t := p.current()
	switch {
	case t.kind == name:
		p.advance()
		switch t.text {
		case "true", "True":
			return &Const{true}
		case "false", "False":
			return &Const{false}
		case "none", "None":
			return &Const{nil}
		}
		if targets && p.skipOp(".") {
			return &NSRef{t.text, p.identifier()}
		}
		return &Name{t.text}
	case t.kind == str:
		var s string
		for p.current().kind == str {
			s += p.advance().value.(string)
		}
		return &Const{s}
	case t.kind == integer, t.kind == float:
		return &Const{p.advance().value}
	case p.skipOp("("):
		x := p.tuple(true, true, "")
		p.expectOp(")")
		return x
	case p.skipOp("["):
		return &List{p.items("]")}
	case p.skipOp("{"):
		return p.dict()
	}
	p.fail(t.line, "unexpected "+describe(t))
	return nil
}

// items parses a comma-separated list with an optional last comma.
func (p *parser) items(closing string) []Expr {
	items := []Expr{}
	p.separated(closing, func() { items = append(items, p.expression()) })
	return items
}

// separated parses what commas separate, up to the closing bracket. The last comma is
// optional.
func (p *parser) separated(closing string, item func()) {
	for first := true; !p.isOp(closing); first = false {
		if !first {
			p.expectOp(",")
		}
		if p.isOp(closing) {
			break
		}
		item()
	}
	p.expectOp(closing)
}

func (p *parser) dict() Expr {
	d := &Dict{}
	p.separated("}", func() {
		key := p.expression()
		p.expectOp(":")
		d.Items = append(d.Items, Pair{key, p.expression()})
	})
	return d
}

// tuple parses one expression, or several with commas between.
func (p *parser) tuple(withCond, parenthesised bool, until string) Expr {
	return p.tupleOf(func() Expr { return p.condition(withCond) }, parenthesised, until)
}

func (p *parser) tupleOf(item func() Expr, parenthesised bool, until string) Expr {
	var items []Expr
	isTuple := false
	for {
		if len(items) > 0 {
			p.expectOp(",")
		}
		if p.tupleEnds(until) {
			break
		}
		items = append(items, item())
		if !p.isOp(",") {
			break
		}
		isTuple = true
	}
	if !isTuple && len(items) == 1 {
		return items[0]
	}
	if !isTuple && !parenthesised {
		p.fail(p.current().line, "expected an expression, got "+describe(p.current()))
	}
	return &Tuple{items}
}

func (p *parser) tupleEnds(until string) bool {
	t := p.current()
	return t.kind == varEnd || t.kind == blockEnd || p.isOp(")") || (until != "" && p.isName(until))
}
