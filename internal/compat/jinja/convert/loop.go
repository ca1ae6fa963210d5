package convert

import (
	"fmt"
	"strconv"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// loop is an enclosing loop.
type loop struct{ index, list string }

// forNode converts a loop. Its condition becomes an if in the body.
func (c *converter) forNode(n *syntax.For) {
	var declared []string
	ok := c.try(n.Line, func() string {
		if n.Recursive {
			c.fail("a recursive loop")
		}
		if n.Test != nil && syntax.Mentions(n.Body, "loop") {
			c.fail("loop variables together with a condition of the loop")
		}
		var head string
		head, declared = c.loopHead(n)
		return "{{range " + head + "}}"
	})
	if !ok {
		return
	}
	filtered := false
	if n.Test != nil {
		c.scopes = append(c.scopes, map[string]bool{})
		for _, d := range declared {
			c.declare(d)
		}
		filtered = c.try(n.Line, func() string { return "{{if " + strip(c.test(n.Test)) + "}}" })
		c.scopes = c.scopes[:len(c.scopes)-1]
	}
	c.scope(n.Body, declared)
	c.loops = c.loops[:len(c.loops)-1]
	if filtered {
		c.tag("end")
	}
	if len(n.Else) > 0 {
		if n.Test != nil {
			c.cannot(n.Line, "else of a loop with a condition")
		}
		c.tag("else")
		c.scope(n.Else, nil)
	}
	c.tag("end")
}

// loopHead returns the text after range, and the variables that it declares.
func (c *converter) loopHead(n *syntax.For) (string, []string) {
	if pair, ok := n.Target.(*syntax.Tuple); ok && len(pair.Items) == 2 {
		key, okK := pair.Items[0].(*syntax.Name)
		value, okV := pair.Items[1].(*syntax.Name)
		dict, sorted := dictOf(n.Iter)
		if !okK || !okV || dict == nil {
			c.fail("a loop over pairs that are not a dict's items")
		}
		if syntax.Mentions(n.Body, "loop") {
			c.fail("loop variables in a loop over a dict")
		}
		if !sorted {
			c.left = append(c.left, Left{n.Line, "the order of the dict: the Go template goes by key, capitals first"})
		}
		c.loops = append(c.loops, loop{})
		return fmt.Sprintf("$%s, $%s := %s", key.Name, value.Name, c.expr(dict)), []string{key.Name, value.Name}
	}
	target, ok := n.Target.(*syntax.Name)
	if !ok {
		c.fail("a loop over tuples")
	}
	list := c.need("a loop", n.Iter, list)
	if c.kindOf(n.Iter) == unknown {
		list = "(concat " + list + ")" // a list and nothing else: of a dict, Go gives the values
	}
	index := "$loop"
	if len(c.loops) > 0 {
		index += strconv.Itoa(len(c.loops) + 1)
	}
	c.loops = append(c.loops, loop{index, list})
	return fmt.Sprintf("%s, $%s := %s", index, target.Name, strip(list)), []string{target.Name}
}

// dictOf returns the dict whose items a loop is over.
func dictOf(x syntax.Expr) (dict syntax.Expr, sorted bool) {
	switch x := x.(type) {
	case *syntax.Call:
		if at, ok := x.Fn.(*syntax.Getattr); ok && at.Name == "items" && len(x.Pos) == 0 {
			return at.X, false
		}
	case *syntax.Filter:
		if x.Name == "dictsort" && len(x.Named) == 0 {
			if len(x.Pos) == 0 {
				return x.X, false
			}
			if sorted, ok := constant(x.Pos[0]).(bool); ok && len(x.Pos) == 1 { // whether case counts
				return x.X, sorted
			}
		}
	}
	return nil, false
}

// loop converts an attribute of the variable loop.
func (c *converter) loop(name string) string {
	l := c.loops[len(c.loops)-1]
	switch name {
	case "index":
		return "(add " + l.index + " 1)"
	case "index0":
		return l.index
	case "first":
		return "(eq " + l.index + " 0)"
	case "last":
		return "(eq (add1 " + l.index + ") (int64 (len " + l.list + ")))"
	case "length":
		return "(len " + l.list + ")"
	case "revindex":
		return "(sub (len " + l.list + ") " + l.index + ")"
	}
	return c.fail("loop.%s", name)
}
