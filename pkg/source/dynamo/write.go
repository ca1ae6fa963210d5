package dynamo

import (
	"bytes"
	"context"
	"errors"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/internal/awserr"
	"github.com/credrender/credrender/pkg/source/credstash"
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
	return awserr.Wrap(t.op("write to"), err)
}

// Delete implements store.Writer.
func (t *Table) Delete(ctx context.Context, name, version string) error {
	_, err := t.api.deleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: aws.String(t.name),
		Key:       primaryKey(name, version),
	})
	return awserr.Wrap(t.op("delete from"), err)
}

// sameItem compares all attributes; two puts never agree in the wrapped data
// key, which KMS makes anew for each.
func sameItem(a, b map[string]credstash.Attribute) bool {
	return maps.EqualFunc(a, b, func(x, y credstash.Attribute) bool {
		return x.Type == y.Type && x.S == y.S && bytes.Equal(x.B, y.B)
	})
}
