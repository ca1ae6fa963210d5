package syntax

// parser parses tokens. Its methods panic with *Error, which Parse recovers, because
// nearly every line can fail.
type parser struct {
	tokens []token
	pos    int
	tags   []string // that are open, for messages
}

func (p *parser) current() token { return p.tokens[p.pos] }
func (p *parser) peek() token    { return p.tokens[min(p.pos+1, len(p.tokens)-1)] }

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
