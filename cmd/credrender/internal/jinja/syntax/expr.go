package syntax

import "slices"

// parser walks over tokens. Its methods panic with *Error, which Parse
// catches: nearly every line of it could fail.
type parser struct {
	tokens []token
	pos    int
	tags   []string // that are open, for messages
}

func (p *parser) current() token { return p.tokens[p.pos] }
func (p *parser) look() token    { return p.tokens[min(p.pos+1, len(p.tokens)-1)] }

func (p *parser) advance() token {
	t := p.current()
	if t.kind != end {
		p.pos++
	}
	return t
}

func (p *parser) fail(line int, what string) { panic(&Error{line, what}) }

func describe(t token) string {
	switch t.kind {
	case end:
		return "end of template"
	case text:
		return "template data"
	case varEnd:
		return "end of print statement"
	case blockEnd:
		return "end of statement block"
	}
	return "'" + t.text + "'"
}

func (p *parser) isOp(s string) bool   { t := p.current(); return t.kind == op && t.text == s }
func (p *parser) isName(s string) bool { t := p.current(); return t.kind == name && t.text == s }

func (p *parser) skipOp(s string) bool {
	if p.isOp(s) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) skipName(s string) bool {
	if p.isName(s) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(k kind, s, what string) token {
	t := p.current()
	if t.kind != k || (s != "" && t.text != s) {
		p.fail(t.line, "expected "+what+", got "+describe(t))
	}
	return p.advance()
}

func (p *parser) expectOp(s string) token   { return p.expect(op, s, "'"+s+"'") }
func (p *parser) expectName(s string) token { return p.expect(name, s, "'"+s+"'") }
func (p *parser) identifier() string        { return p.expect(name, "", "a name").text }

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
		case p.isName("not") && p.look().kind == name && p.look().text == "in":
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
	for !p.isOp(closing) {
		if len(items) > 0 {
			p.expectOp(",")
		}
		if p.isOp(closing) {
			break
		}
		items = append(items, p.expression())
	}
	p.expectOp(closing)
	return items
}

func (p *parser) dict() Expr {
	d := &Dict{}
	for !p.isOp("}") {
		if len(d.Items) > 0 {
			p.expectOp(",")
		}
		if p.isOp("}") {
			break
		}
		key := p.expression()
		p.expectOp(":")
		d.Items = append(d.Items, Pair{key, p.expression()})
	}
	p.expectOp("}")
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
	for n := 0; !p.isOp(")"); n++ {
		if n > 0 {
			p.expectOp(",")
			if p.isOp(")") {
				break
			}
		}
		switch {
		case p.skipOp("*"):
			p.ensure(a.Star == nil && a.Double == nil, line)
			a.Star = p.expression()
		case p.skipOp("**"):
			p.ensure(a.Double == nil, line)
			a.Double = p.expression()
		case p.current().kind == name && p.look().kind == op && p.look().text == "=":
			p.ensure(a.Double == nil, line)
			key := p.advance().text
			p.advance()
			a.Named = append(a.Named, Keyword{key, p.expression()})
		default:
			p.ensure(a.Star == nil && a.Double == nil && len(a.Named) == 0, line)
			a.Pos = append(a.Pos, p.expression())
		}
	}
	p.expectOp(")")
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
