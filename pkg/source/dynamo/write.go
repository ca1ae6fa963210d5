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

// Put implements store.Writer. If the response to a put is lost, package wire sends it
// again, and the second attempt finds the item of the first. That is not an error.
func (t *Table) Put(ctx context.Context, item credstash.Item) error {
	attrs := item.Encode()
	if err := checkAttributes(attrs); err != nil {
		return fmt.Errorf("%s: %w", t.op("write to"), err)
	}
	stored, err := t.change(ctx, "PutItem", change{
		Item: attrs,
		// In a table with a sort key, this condition covers the whole key, name and
		// version.
		ConditionExpression:                 "attribute_not_exists(#n)",
		ExpressionAttributeNames:            map[string]string{"#n": nameAttr},
		ReturnValuesOnConditionCheckFailure: allOld,
	})
	if wire.Code(err) == conditionFailed && isStored(item, stored) {
		return nil
	}
	return wire.Wrap(t.op("write to"), err)
}

// Delete implements store.Writer by one conditional DeleteItem.
func (t *Table) Delete(ctx context.Context, held credstash.Item) error {
	in := change{Key: primaryKey(held.Name, held.Version)}
	if len(held.Key) == 0 {
		_, err := t.change(ctx, "DeleteItem", in)
		return wire.Wrap(t.op("delete from"), err)
	}
	key := held.Encode()[keyAttr]
	for again := false; ; again = true {
		stored, err := t.deleteIf(ctx, in, key)
		if wire.Code(err) != conditionFailed {
			return wire.Wrap(t.op("delete from"), err)
		}
		now, err := credstash.Decode(stored)
		if err != nil || again || !bytes.Equal(now.Key, held.Key) {
			return fmt.Errorf("%s: %w", t.op("delete from"), source.ErrChanged)
		}
		key = stored[keyAttr] // the same key in another program's base64, over several lines
	}
}

// deleteIf deletes an item if it has that wrapped key; otherwise, stored is the item that
// DynamoDB returned. A missing item counts as deleted: another process deleted it, or an
// earlier attempt whose response was lost.
func (t *Table) deleteIf(ctx context.Context, in change, key credstash.Attribute) (stored attributes, err error) {
	in.ConditionExpression = "attribute_not_exists(#n) OR #k = :k"
	in.ExpressionAttributeNames = map[string]string{"#n": nameAttr, "#k": keyAttr}
	in.ExpressionAttributeValues = attributes{":k": key}
	in.ReturnValuesOnConditionCheckFailure = allOld
	return t.change(ctx, "DeleteItem", in)
}

// change sends a change. stored is the item that failed its condition. A change is safe to
// repeat, so one whose answer has nothing to tell it by is sent again.
func (t *Table) change(ctx context.Context, operation string, in change) (stored attributes, err error) {
	in.TableName = t.name
	var failed held
	err = t.calls.DoRefusable(ctx, operation, &in, &failed, wire.Anonymous)
	return failed.Item, err
}

// isStored reports whether the stored item has the data key and the contents of this one.
// Two puts never have the same wrapped data key, because KMS generates a new one for
// each.
func isStored(item credstash.Item, stored attributes) bool {
	held, err := credstash.Decode(stored)
	return err == nil && bytes.Equal(held.Key, item.Key) && bytes.Equal(held.Contents, item.Contents)
}

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
