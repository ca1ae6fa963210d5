package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"

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
	attrs, err := fromAttributes(item.Encode())
	if err != nil {
		return fmt.Errorf("%s: %w", t.op("write to"), err)
	}
	_, err = t.api.putItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(t.name),
		Item:      attrs,
		// With a sort key this asks for the whole key, name and version.
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
		key = failed.Item[keyAttr] // base64 as another program spells it, over several lines
	}
	return err
}

// deleteIf deletes an item that has that wrapped key; failed is what DynamoDB
// says of another one. One that is not there is deleted, by another or by us in
// an attempt whose answer was lost.
func (t *Table) deleteIf(ctx context.Context, in *dynamodb.DeleteItemInput, key types.AttributeValue) (failed *types.ConditionalCheckFailedException, err error) {
	in.ConditionExpression = aws.String("attribute_not_exists(#n) OR #k = :k")
	in.ExpressionAttributeNames = map[string]string{"#n": nameAttr, "#k": keyAttr}
	in.ExpressionAttributeValues = map[string]types.AttributeValue{":k": key}
	in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	_, err = t.api.deleteItem(ctx, in)
	failed, _ = errors.AsType[*types.ConditionalCheckFailedException](err)
	return failed, err
}

// isStored reports whether the item that is stored has the data key and the contents
// of this one. Two puts never agree in the wrapped data key, which KMS makes anew for
// each.
func isStored(item credstash.Item, stored map[string]types.AttributeValue) bool {
	held, err := credstash.Decode(toAttributes(stored))
	return err == nil && bytes.Equal(held.Key, item.Key) && bytes.Equal(held.Contents, item.Contents)
}
