package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Put implements store.Writer. A put whose answer was lost is tried again by
// the SDK and then finds its own item there; that is no error.
func (t *Table) Put(ctx context.Context, item credstash.Item) error {
	attrs := item.Encode()
	_, err := t.api.putItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(t.name),
		Item:      fromAttributes(attrs),
		// With a sort key this asks for the whole key, name and version.
		ConditionExpression:                 aws.String("attribute_not_exists(#n)"),
		ExpressionAttributeNames:            map[string]string{"#n": nameAttr},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok && sameItem(toAttributes(failed.Item), attrs) {
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
	key := held.Encode()[keyAttr]
	for again := false; ; again = true {
		failed, err := t.deleteIf(ctx, in, key)
		if failed == nil {
			return wire.Wrap(t.op("delete from"), err)
		}
		stored := toAttributes(failed.Item)
		now, err := credstash.Decode(stored) // older stand-ins do not say what is there
		if err != nil || again || !bytes.Equal(now.Key, held.Key) {
			return fmt.Errorf("%s: %w", t.op("delete from"), source.ErrChanged)
		}
		key = stored[keyAttr] // base64 as another program spells it, over several lines
	}
}

// deleteIf deletes an item that has that wrapped key; failed is what DynamoDB
// says of another one. One that is not there is deleted, by another or by us in
// an attempt whose answer was lost.
func (t *Table) deleteIf(ctx context.Context, in *dynamodb.DeleteItemInput, key credstash.Attribute) (failed *types.ConditionalCheckFailedException, err error) {
	in.ConditionExpression = aws.String("attribute_not_exists(#n) OR #k = :k")
	in.ExpressionAttributeNames = map[string]string{"#n": nameAttr, "#k": keyAttr}
	in.ExpressionAttributeValues = map[string]types.AttributeValue{":k": fromAttribute(key)}
	in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	_, err = t.api.deleteItem(ctx, in)
	failed, _ = errors.AsType[*types.ConditionalCheckFailedException](err)
	return failed, err
}

// sameItem compares all attributes; two puts never agree in the wrapped data
// key, which KMS makes anew for each.
func sameItem(a, b map[string]credstash.Attribute) bool {
	return maps.EqualFunc(a, b, func(x, y credstash.Attribute) bool {
		return x.Type == y.Type && x.S == y.S && bytes.Equal(x.B, y.B)
	})
}
