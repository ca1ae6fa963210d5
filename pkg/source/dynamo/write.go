package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Put implements store.Writer. If the response to a put is lost, the SDK tries again and
// finds the item of its first attempt. That is not an error.
func (t *Table) Put(ctx context.Context, item credstash.Item) error {
	attrs, err := fromAttributes(item.Encode())
	if err != nil {
		return fmt.Errorf("%s: %w", t.op("write to"), err)
	}
	_, err = t.api.putItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(t.name),
		Item:      attrs,
		// In a table with a sort key, this condition covers the whole key, name and
		// version.
		ConditionExpression:                 aws.String("attribute_not_exists(#n)"),
		ExpressionAttributeNames:            map[string]string{"#n": nameAttr},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok && isStored(item, failed.Item) {
		return nil
	}
	return wire.Wrap(t.op("write to"), err)
}

// Delete implements store.Writer by one conditional DeleteItem.
func (t *Table) Delete(ctx context.Context, held credstash.Item) error {
	in := &dynamodb.DeleteItemInput{TableName: aws.String(t.name), Key: primaryKey(held.Name, held.Version)}
	if len(held.Key) == 0 {
		_, err := t.api.deleteItem(ctx, in)
		return wire.Wrap(t.op("delete from"), err)
	}
	key, err := fromAttribute(held.Encode()[keyAttr])
	for again := false; err == nil; again = true {
		failed, err := t.deleteIf(ctx, in, key)
		if failed == nil {
			return wire.Wrap(t.op("delete from"), err)
		}
		now, err := credstash.Decode(toAttributes(failed.Item)) // some emulators do not return the item
		if err != nil || again || !bytes.Equal(now.Key, held.Key) {
			return fmt.Errorf("%s: %w", t.op("delete from"), source.ErrChanged)
		}
		key = failed.Item[keyAttr] // the same key in another program's base64, over several lines
	}
	return err
}

// deleteIf deletes an item if it has that wrapped key; otherwise, failed is the item that
// DynamoDB returned. A missing item counts as deleted: another process deleted it, or an
// earlier attempt whose response was lost.
func (t *Table) deleteIf(ctx context.Context, in *dynamodb.DeleteItemInput, key types.AttributeValue) (failed *types.ConditionalCheckFailedException, err error) {
	in.ConditionExpression = aws.String("attribute_not_exists(#n) OR #k = :k")
	in.ExpressionAttributeNames = map[string]string{"#n": nameAttr, "#k": keyAttr}
	in.ExpressionAttributeValues = map[string]types.AttributeValue{":k": key}
	in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	_, err = t.api.deleteItem(ctx, in)
	failed, _ = errors.AsType[*types.ConditionalCheckFailedException](err)
	return failed, err
}

// isStored reports whether the stored item has the data key and the contents of this one.
// Two puts never have the same wrapped data key, because KMS generates a new one for
// each.
func isStored(item credstash.Item, stored map[string]types.AttributeValue) bool {
	held, err := credstash.Decode(toAttributes(stored))
	return err == nil && bytes.Equal(held.Key, item.Key) && bytes.Equal(held.Contents, item.Contents)
}

// Rewrite implements store.Rewriter. One conditional UpdateItem sets the attributes that
// differ, so that attributes of other programs stay.
func (t *Table) Rewrite(ctx context.Context, held, next credstash.Item) error {
	was, is := held.Encode(), next.Encode()
	key, err := fromAttribute(was[keyAttr])
	if err != nil {
		return err
	}
	err = t.update(ctx, held, key, was, is)
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return wire.Wrap(t.op("update"), err)
	}
	now, err := credstash.Decode(toAttributes(failed.Item))
	switch {
	case err != nil: // the item was deleted
	case bytes.Equal(now.Key, next.Key): // an earlier attempt succeeded, and its response was lost
		return nil
	case bytes.Equal(now.Key, held.Key): // the same key in another program's base64, over several lines
		err = t.update(ctx, held, failed.Item[keyAttr], was, is)
		if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); !ok {
			return wire.Wrap(t.op("update"), err)
		}
	}
	return fmt.Errorf("%s: %w", t.op("update"), source.ErrChanged)
}

func (t *Table) update(ctx context.Context, held credstash.Item, key types.AttributeValue, was, is map[string]credstash.Attribute) error {
	in := &dynamodb.UpdateItemInput{
		TableName:                           aws.String(t.name),
		Key:                                 primaryKey(held.Name, held.Version),
		ConditionExpression:                 aws.String("#k = :k"),
		ExpressionAttributeNames:            map[string]string{"#k": keyAttr},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":k": key},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	var set, remove []string
	for i, name := range slices.Sorted(maps.Keys(is)) {
		if old, ok := was[name]; ok && old.Equal(is[name]) {
			continue
		}
		n, v := fmt.Sprintf("#s%d", i), fmt.Sprintf(":s%d", i)
		value, err := fromAttribute(is[name])
		if err != nil {
			return fmt.Errorf("attribute %s: %w", source.Show(name), err)
		}
		in.ExpressionAttributeNames[n], in.ExpressionAttributeValues[v] = name, value
		set = append(set, n+" = "+v)
	}
	for i, name := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[name]; !ok {
			n := fmt.Sprintf("#r%d", i)
			in.ExpressionAttributeNames[n] = name
			remove = append(remove, n)
		}
	}
	in.UpdateExpression = aws.String(clause("SET ", set) + clause(" REMOVE ", remove))
	_, err := t.api.updateItem(ctx, in)
	return err
}

func clause(word string, terms []string) string {
	if len(terms) == 0 {
		return ""
	}
	return word + strings.Join(terms, ", ")
}
