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
