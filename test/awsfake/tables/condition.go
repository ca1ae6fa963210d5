package tables

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// comparison is one term: path op value, or a function of the path.
type comparison struct {
	path  string
	op    string // = <> < <= > >= or a function's name
	value value
}

// conditions hold where all of one of them do; none always holds.
type conditions [][]comparison

// keyCondition reads "a = :x" or "a = :x AND b > :y".
func (e *expressions) keyCondition(text string) ([]comparison, error) {
	if text == "" {
		return nil, wire.Invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	e.start("KeyConditionExpression", text)
	all, err := e.terms()
	if word := e.next(); err == nil && word != "" {
		return nil, e.unsupported(word)
	}
	return all, err
}

// condition reads comparisons, attribute_exists and attribute_not_exists,
// joined by AND and OR; an empty text always holds.
func (e *expressions) condition(text string) (conditions, error) {
	if text == "" {
		return nil, nil
	}
	e.start("ConditionExpression", text)
	var either conditions
	for {
		all, err := e.terms()
		if err != nil {
			return nil, err
		}
		either = append(either, all)
		switch word := e.next(); {
		case word == "":
			return either, nil
		case !strings.EqualFold(word, "OR"):
			return nil, e.unsupported(word)
		}
	}
}

// terms reads as far as the first word that is no AND between them.
func (e *expressions) terms() ([]comparison, error) {
	var all []comparison
	for {
		c, err := e.term()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
		if !strings.EqualFold(e.peek(), "AND") {
			return all, nil
		}
		e.next()
	}
}

func (e *expressions) term() (comparison, error) {
	switch f := e.peek(); f {
	case "attribute_not_exists", "attribute_exists":
		return e.function()
	case "(", "NOT", "begins_with", "contains", "size", "attribute_type":
		return comparison{}, e.unsupported(f)
	}
	path, err := e.path()
	if err != nil {
		return comparison{}, err
	}
	c := comparison{path: path, op: e.next()}
	if !slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, c.op) {
		return c, e.unsupported(c.op)
	}
	c.value, err = e.value()
	return c, err
}

func (e *expressions) function() (comparison, error) {
	c := comparison{op: e.next()}
	if err := e.expect("("); err != nil {
		return c, err
	}
	path, err := e.path()
	if err != nil {
		return c, err
	}
	c.path = path
	return c, e.expect(")")
}

func (e *expressions) unsupported(word string) error {
	switch strings.ToUpper(word) {
	case "OR", "NOT", "BETWEEN", "IN", "(", "BEGINS_WITH", "CONTAINS", "SIZE", "ATTRIBUTE_TYPE":
		return wire.NotImplemented("%s in %q", word, e.text)
	}
	return e.syntax(word)
}

// holds judges the item that is there, or none.
func (c conditions) holds(r *row) bool {
	var item attributes
	if r != nil {
		item = r.item
	}
	return len(c) == 0 || slices.ContainsFunc(c, func(all []comparison) bool { return allHold(all, item) })
}

func allHold(all []comparison, item attributes) bool {
	return !slices.ContainsFunc(all, func(c comparison) bool { return !c.holds(item) })
}

func (c comparison) holds(item attributes) bool {
	v, ok := item[c.path]
	switch c.op {
	case "attribute_exists":
		return ok
	case "attribute_not_exists":
		return !ok
	case "<>":
		return !ok || !v.equal(c.value)
	case "=":
		return ok && v.equal(c.value)
	}
	if !ok || v.kind != c.value.kind {
		return false
	}
	order := v.compare(c.value)
	switch c.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
