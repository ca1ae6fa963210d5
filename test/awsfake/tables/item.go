package tables

import (
	"github.com/credrender/credrender/test/awsfake/wire"
)

// describeKey records a primary key as tables of secrets have it.
func describeKey(r *wire.Request, k attributes) {
	r.Name, r.Version = k["name"].text, k["version"].text
}

type putItem struct {
	onTable
	expressionNames
	consumption
	Item                                attributes
	ConditionExpression                 string
	ReturnValuesOnConditionCheckFailure string
}

func (p *putItem) describe(r *wire.Request) {
	p.onTable.describe(r)
	describeKey(r, p.Item)
}

func (p *putItem) run(r *Region, c *wire.Request) (any, error) {
	e := newExpressions(p.expressionNames)
	cond, err := e.condition(p.ConditionExpression)
	if err == nil {
		err = e.finish()
	}
	if err != nil {
		return nil, err
	}
	t, err := r.table(p.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkItem(p.Item); err != nil {
		return nil, err
	}
	old := t.get(t.keyOf(p.Item))
	units := writeUnits(max(p.Item.size(), sizeOf(old)))
	if err := r.write(c, t, units); err != nil { // also where the condition fails
		return nil, err
	}
	if !cond.holds(old) {
		return nil, conditionFailed(old, p.ReturnValuesOnConditionCheckFailure)
	}
	t.put(p.Item)
	return p.into(map[string]any{}, t, units), nil
}

func sizeOf(r *row) int {
	if r == nil {
		return 0
	}
	return r.size
}

func conditionFailed(old *row, returned string) error {
	e := &wire.Error{Code: "ConditionalCheckFailedException", Message: "The conditional request failed"}
	if returned == "ALL_OLD" && old != nil {
		e.Extra = map[string]any{"Item": old.item}
	}
	return e
}

type getItem struct {
	onTable
	expressionNames
	consumption
	Key                  attributes
	ConsistentRead       bool
	ProjectionExpression string
}

func (g *getItem) describe(r *wire.Request) {
	g.onTable.describe(r)
	describeKey(r, g.Key)
	r.Consistent = g.ConsistentRead
}

func (g *getItem) run(r *Region, c *wire.Request) (any, error) {
	e := newExpressions(g.expressionNames)
	project, err := e.projection(g.ProjectionExpression)
	if err == nil {
		err = e.finish()
	}
	if err != nil {
		return nil, err
	}
	t, err := r.table(g.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkKey(g.Key); err != nil {
		return nil, err
	}
	found := t.get(g.Key)
	units := readUnits(sizeOf(found), g.ConsistentRead)
	if err := r.read(c, t, units); err != nil {
		return nil, err
	}
	out := map[string]any{}
	if found != nil {
		out["Item"] = project(found.item)
	}
	return g.into(out, t, units), nil
}

type deleteItem struct {
	onTable
	expressionNames
	consumption
	Key                                 attributes
	ConditionExpression                 string
	ReturnValuesOnConditionCheckFailure string
}

func (d *deleteItem) describe(r *wire.Request) {
	d.onTable.describe(r)
	describeKey(r, d.Key)
}

func (d *deleteItem) run(r *Region, c *wire.Request) (any, error) {
	e := newExpressions(d.expressionNames)
	cond, err := e.condition(d.ConditionExpression)
	if err == nil {
		err = e.finish()
	}
	if err != nil {
		return nil, err
	}
	t, err := r.table(d.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkKey(d.Key); err != nil {
		return nil, err
	}
	old := t.get(d.Key)
	units := writeUnits(sizeOf(old))
	if err := r.write(c, t, units); err != nil {
		return nil, err
	}
	if !cond.holds(old) {
		return nil, conditionFailed(old, d.ReturnValuesOnConditionCheckFailure)
	}
	t.remove(d.Key)
	return d.into(map[string]any{}, t, units), nil
}
