package tables

import (
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/test/awsfake/wire"
)

type updateItem struct {
	onTable
	expressionNames
	consumption
	Key                                 attributes
	UpdateExpression                    string
	ConditionExpression                 string
	ReturnValuesOnConditionCheckFailure string
}

func (u *updateItem) describe(r *wire.Request) {
	u.onTable.describe(r)
	describeKey(r, u.Key)
}

func (u *updateItem) run(r *Region, c *wire.Request) (any, error) {
	e := newExpressions(u.expressionNames)
	change, err := e.update(u.UpdateExpression)
	if err != nil {
		return nil, err
	}
	cond, err := e.condition(u.ConditionExpression)
	if err == nil {
		err = e.finish()
	}
	if err != nil {
		return nil, err
	}
	t, err := r.table(u.TableName)
	if err != nil {
		return nil, err
	}
	item, old, err := u.apply(t, change)
	if err != nil {
		return nil, err
	}
	units := writeUnits(max(item.size(), sizeOf(old)))
	if err := r.write(c, t, units); err != nil {
		return nil, err
	}
	if !cond.holds(old) {
		return nil, conditionFailed(old, u.ReturnValuesOnConditionCheckFailure)
	}
	t.put(item)
	return u.into(map[string]any{}, t, units), nil
}

// apply returns the item as it would be, and what is there: an update of what
// is not there makes it.
func (u *updateItem) apply(t *table, change changes) (item attributes, old *row, err error) {
	if err := t.checkKey(u.Key); err != nil {
		return nil, nil, err
	}
	for _, k := range t.keys() {
		if _, set := change.set[k.name]; set || slices.Contains(change.remove, k.name) {
			return nil, nil, wire.Invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", k.name)
		}
	}
	old = t.get(u.Key)
	item = maps.Clone(u.Key)
	if old != nil {
		item = maps.Clone(old.item)
	}
	maps.Copy(item, change.set)
	for _, name := range change.remove {
		delete(item, name)
	}
	return item, old, t.checkItem(item)
}

// changes are what an UpdateExpression says.
type changes struct {
	set    attributes
	remove []string
}

// update reads "SET a = :x, b = :y REMOVE c, d"; other clauses and functions
// are not implemented.
func (e *expressions) update(text string) (changes, error) {
	c := changes{set: attributes{}}
	e.start("UpdateExpression", text)
	for word := e.next(); word != ""; word = e.next() {
		read := e.setTerm
		switch strings.ToUpper(word) {
		case "SET":
		case "REMOVE":
			read = e.removeTerm
		case "ADD", "DELETE":
			return c, wire.NotImplemented("%s in %q", word, e.text)
		default:
			return c, e.syntax(word)
		}
		if err := e.clause(&c, read); err != nil {
			return c, err
		}
	}
	if len(c.set)+len(c.remove) == 0 {
		return c, wire.Invalid("Invalid UpdateExpression: The expression can not be empty;")
	}
	return c, nil
}

func (e *expressions) clause(c *changes, read func(*changes) error) error {
	for {
		if err := read(c); err != nil {
			return err
		}
		if e.peek() != "," {
			return nil
		}
		e.next()
	}
}

func (e *expressions) setTerm(c *changes) error {
	path, err := e.freshPath(c)
	if err != nil {
		return err
	}
	if err := e.expect("="); err != nil {
		return err
	}
	v, err := e.value()
	c.set[path] = v
	return err
}

func (e *expressions) removeTerm(c *changes) error {
	path, err := e.freshPath(c)
	c.remove = append(c.remove, path)
	return err
}

// freshPath refuses an attribute that is changed twice.
func (e *expressions) freshPath(c *changes) (string, error) {
	path, err := e.path()
	if _, set := c.set[path]; err == nil && (set || slices.Contains(c.remove, path)) {
		err = wire.Invalid("Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [%s], path two: [%s]", path, path)
	}
	return path, err
}
