package awstest

// consumption is asked for with ReturnConsumedCapacity.
type consumption struct{ ReturnConsumedCapacity string }

// into adds what was consumed to an output, where it was asked for.
func (c consumption) into(out map[string]any, t *table, units float64) map[string]any {
	if c.ReturnConsumedCapacity == "TOTAL" || c.ReturnConsumedCapacity == "INDEXES" {
		out["ConsumedCapacity"] = map[string]any{"TableName": t.name, "CapacityUnits": units}
	}
	return out
}

// read and write charge a request's capacity units and return them.
func (r *region) read(size int, consistent bool) float64 {
	units := readUnits(size, consistent)
	r.srv.record.readUnits += units
	return units
}

func (r *region) write(size int) float64 {
	units := writeUnits(size)
	r.srv.record.writeUnits += units
	return units
}

// describeKey records a primary key as tables of secrets have it.
func describeKey(r *Request, k attributes) {
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

func (p *putItem) describe(r *Request) {
	p.onTable.describe(r)
	describeKey(r, p.Item)
}

func (p *putItem) run(r *region) (any, error) {
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
	units := r.write(max(p.Item.size(), sizeOf(old))) // also where the condition fails
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
	e := &apiError{Code: "ConditionalCheckFailedException", Message: "The conditional request failed"}
	if returned == "ALL_OLD" && old != nil {
		e.extra = map[string]any{"Item": old.item}
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

func (g *getItem) describe(r *Request) {
	g.onTable.describe(r)
	describeKey(r, g.Key)
	r.Consistent = g.ConsistentRead
}

func (g *getItem) run(r *region) (any, error) {
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
	out := map[string]any{}
	found := t.get(g.Key)
	if found != nil {
		out["Item"] = project(found.item)
	}
	return g.into(out, t, r.read(sizeOf(found), g.ConsistentRead)), nil
}

type deleteItem struct {
	onTable
	expressionNames
	consumption
	Key                                 attributes
	ConditionExpression                 string
	ReturnValuesOnConditionCheckFailure string
}

func (d *deleteItem) describe(r *Request) {
	d.onTable.describe(r)
	describeKey(r, d.Key)
}

func (d *deleteItem) run(r *region) (any, error) {
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
	units := r.write(sizeOf(old))
	if !cond.holds(old) {
		return nil, conditionFailed(old, d.ReturnValuesOnConditionCheckFailure)
	}
	t.remove(d.Key)
	return d.into(map[string]any{}, t, units), nil
}
