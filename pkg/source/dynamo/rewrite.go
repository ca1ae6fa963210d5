package dynamo

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Rewrite implements store.Rewriter. One conditional UpdateItem sets the attributes that
// differ, so that attributes of other programs stay.
func (t *Table) Rewrite(ctx context.Context, held, next credstash.Item) error {
	was, is := held.Encode(), next.Encode()
	if err := checkAttributes(is); err != nil {
		return fmt.Errorf("%s: %w", t.op("update"), err)
	}
	stored, err := t.update(ctx, held, was[keyAttr], was, is)
	if wire.Code(err) != conditionFailed {
		return wire.Wrap(t.op("update"), err)
	}
	now, err := credstash.Decode(stored)
	switch {
	case err != nil: // the item was deleted
	case bytes.Equal(now.Key, next.Key): // an earlier attempt succeeded, and its response was lost
		return nil
	case bytes.Equal(now.Key, held.Key): // the same key in another program's base64, over several lines
		if _, err = t.update(ctx, held, stored[keyAttr], was, is); wire.Code(err) != conditionFailed {
			return wire.Wrap(t.op("update"), err)
		}
	}
	return fmt.Errorf("%s: %w", t.op("update"), source.ErrChanged)
}

func (t *Table) update(ctx context.Context, held credstash.Item, key credstash.Attribute, was, is map[string]credstash.Attribute) (stored attributes, err error) {
	in := change{
		Key:                                 primaryKey(held.Name, held.Version),
		ConditionExpression:                 "#k = :k",
		ExpressionAttributeNames:            map[string]string{"#k": keyAttr},
		ExpressionAttributeValues:           attributes{":k": key},
		ReturnValuesOnConditionCheckFailure: allOld,
	}
	var set, remove []string
	for i, name := range slices.Sorted(maps.Keys(is)) {
		if old, ok := was[name]; ok && old.Equal(is[name]) {
			continue
		}
		n, v := fmt.Sprintf("#s%d", i), fmt.Sprintf(":s%d", i)
		in.ExpressionAttributeNames[n], in.ExpressionAttributeValues[v] = name, is[name]
		set = append(set, n+" = "+v)
	}
	for i, name := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[name]; !ok {
			n := fmt.Sprintf("#r%d", i)
			in.ExpressionAttributeNames[n] = name
			remove = append(remove, n)
		}
	}
	in.UpdateExpression = clause("SET ", set) + clause(" REMOVE ", remove)
	return t.change(ctx, "UpdateItem", in)
}

func clause(word string, terms []string) string {
	if len(terms) == 0 {
		return ""
	}
	return word + strings.Join(terms, ", ")
}
