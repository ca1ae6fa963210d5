package tables

import (
	"slices"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// paging is what Query and Scan have in common.
type paging struct {
	onTable
	expressionNames
	consumption
	ConsistentRead       bool
	ProjectionExpression string
	ExclusiveStartKey    attributes
	Limit                *int
	Select               string
}

func (p *paging) describe(r *wire.Request) {
	p.onTable.describe(r)
	r.Consistent = p.ConsistentRead
}

func (p *paging) check() error {
	if p.Limit != nil && *p.Limit < 1 {
		return wire.Invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *p.Limit)
	}
	switch p.Select {
	case "", "ALL_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES":
		return nil
	}
	return wire.NotImplemented("Select %s", p.Select)
}

// page answers with as many rows as fit: it ends with the row that reaches the
// limit of bytes (measured on AWS: pages of small items cost 128.5 eventual
// units, a little more than 1 MB) or of rows. It names its last key even where
// nothing follows.
func (p *paging) page(r *Region, c *wire.Request, t *table, rows []*row, project projector) (any, error) {
	items, size := []attributes{}, 0
	out := map[string]any{}
	for _, row := range rows {
		size += row.size
		items = append(items, project(row.item))
		if size >= r.opts.PageBytes || p.Limit != nil && len(items) == *p.Limit {
			out["LastEvaluatedKey"] = t.keyOf(row.item)
			break
		}
	}
	units := readUnits(size, p.ConsistentRead)
	if err := r.read(c, t, units); err != nil {
		return nil, err
	}
	out["Count"], out["ScannedCount"] = len(items), len(items)
	if p.Select != "COUNT" {
		out["Items"] = items
	}
	return p.into(out, t, units), nil
}

type query struct {
	paging
	KeyConditionExpression string
	ScanIndexForward       *bool
}

func (q *query) describe(r *wire.Request) {
	q.paging.describe(r)
	if conds, err := newExpressions(q.expressionNames).keyCondition(q.KeyConditionExpression); err == nil {
		for _, c := range conds {
			if c.path == "name" && c.op == "=" {
				r.Name = c.value.text
			}
		}
	}
}

func (q *query) run(r *Region, c *wire.Request) (any, error) {
	e := newExpressions(q.expressionNames)
	conds, err := e.keyCondition(q.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	project, err := e.projection(q.ProjectionExpression)
	if err == nil {
		err = e.finish()
	}
	if err == nil {
		err = q.check()
	}
	if err != nil {
		return nil, err
	}
	t, err := r.table(q.TableName)
	if err != nil {
		return nil, err
	}
	rows, err := q.rows(t, conds)
	if err != nil {
		return nil, err
	}
	return q.page(r, c, t, rows, project)
}

// rows selects, in order, what the conditions and the start leave.
func (q *query) rows(t *table, conds []comparison) ([]*row, error) {
	id, err := t.checkQuery(conds)
	if err != nil {
		return nil, err
	}
	backward := q.ScanIndexForward != nil && !*q.ScanIndexForward
	if q.ExclusiveStartKey != nil {
		if err := t.checkKey(q.ExclusiveStartKey); err != nil {
			return nil, err
		}
	}
	rows := slices.DeleteFunc(slices.Clone(t.partitions[id]), func(r *row) bool {
		if !allHold(conds, r.item) {
			return true
		}
		if q.ExclusiveStartKey == nil || t.sort.name == "" {
			return false
		}
		order := r.item[t.sort.name].compare(q.ExclusiveStartKey[t.sort.name])
		return order == 0 || (order < 0) != backward
	})
	if backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

// checkQuery wants one "=" for the partition key and at most one condition on
// the sort key. It returns the partition.
func (t *table) checkQuery(conds []comparison) (id string, err error) {
	hashed := false
	for _, c := range conds {
		switch {
		case c.path == t.hash.name && c.op == "=" && !hashed:
			hashed, id = true, c.value.id()
			err = checkKind(t.hash, c.value)
		case c.path == t.sort.name && t.sort.name != "" && c.op != "<>":
			err = checkKind(t.sort, c.value)
		default:
			err = wire.Invalid("Query key condition not supported")
		}
		if err != nil {
			return "", err
		}
	}
	if !hashed {
		return "", wire.Invalid("Query condition missed key schema element: %s", t.hash.name)
	}
	return id, nil
}

func checkKind(a keyAttr, v value) error {
	if v.kind != a.kind {
		return wire.Invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
	}
	if v.kind != "N" && v.size() == 0 {
		return wire.Invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", a.name)
	}
	return nil
}

type scan struct {
	paging
	Segment, TotalSegments *int
}

func (s *scan) run(r *Region, c *wire.Request) (any, error) {
	e := newExpressions(s.expressionNames)
	project, err := e.projection(s.ProjectionExpression)
	if err == nil {
		err = e.finish()
	}
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, err
	}
	if s.Segment != nil || s.TotalSegments != nil {
		return nil, wire.NotImplemented("parallel Scan")
	}
	t, err := r.table(s.TableName)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(t, r.opts.PageBytes)
	if err != nil {
		return nil, err
	}
	return s.page(r, c, t, rows, project)
}

// rows returns what follows the start, in the order of a Scan: a page's worth.
func (s *scan) rows(t *table, pageBytes int) ([]*row, error) {
	order, from := t.scanOrder(), 0
	if s.ExclusiveStartKey != nil {
		if err := t.checkKey(s.ExclusiveStartKey); err != nil {
			return nil, err
		}
		from, _ = slices.BinarySearchFunc(order, s.ExclusiveStartKey[t.hash.name].id(), compareHashed)
	}
	var rows []*row
	size := 0
	for _, id := range order[from:] {
		for _, r := range t.partitions[id] {
			if s.isBeforeStart(t, id, r) {
				continue
			}
			rows = append(rows, r)
			if size += r.size; size >= pageBytes {
				return rows, nil
			}
		}
	}
	return rows, nil
}

// isBeforeStart is true in the start's own partition, up to it.
func (s *scan) isBeforeStart(t *table, id string, r *row) bool {
	if s.ExclusiveStartKey == nil || id != s.ExclusiveStartKey[t.hash.name].id() {
		return false
	}
	return t.sort.name == "" || r.item[t.sort.name].compare(s.ExclusiveStartKey[t.sort.name]) <= 0
}
