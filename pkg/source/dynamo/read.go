package dynamo

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/internal/awserr"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Newest implements store.Reader.
func (t *Table) Newest(ctx context.Context, name string) (credstash.Item, error) {
	return t.newest(ctx, name, true)
}

func (t *Table) newest(ctx context.Context, name string, consistent bool) (credstash.Item, error) {
	in := t.queryName(name)
	in.ConsistentRead = aws.Bool(consistent)
	in.Limit = aws.Int32(1)
	in.ScanIndexForward = aws.Bool(false)
	out, err := t.api.query(ctx, in)
	if err != nil {
		return credstash.Item{}, awserr.Wrap(t.op("query"), err)
	}
	if len(out.Items) == 0 {
		return credstash.Item{}, t.notFound()
	}
	return decode(out.Items[0])
}

// Get implements store.Reader.
func (t *Table) Get(ctx context.Context, name, version string) (credstash.Item, error) {
	return t.get(ctx, name, version, true)
}

func (t *Table) get(ctx context.Context, name, version string, consistent bool) (credstash.Item, error) {
	out, err := t.api.getItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(t.name),
		Key:            primaryKey(name, version),
		ConsistentRead: aws.Bool(consistent),
	})
	if err != nil {
		return credstash.Item{}, awserr.Wrap(t.op("read"), err)
	}
	if len(out.Item) == 0 {
		return credstash.Item{}, t.notFound()
	}
	return decode(out.Item)
}

// Versions implements store.Historian.
func (t *Table) Versions(ctx context.Context, name string) ([]credstash.Item, error) {
	in := t.queryName(name)
	in.ProjectionExpression = aws.String("#n, #v, #c")
	in.ExpressionAttributeNames["#v"] = versionAttr
	in.ExpressionAttributeNames["#c"] = commentAttr
	var items []credstash.Item
	for {
		out, err := t.api.query(ctx, in)
		if err != nil {
			return nil, awserr.Wrap(t.op("query"), err)
		}
		for _, attrs := range out.Items {
			items = append(items, keysOf(attrs))
		}
		if len(out.LastEvaluatedKey) == 0 {
			return items, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// Scan implements store.Scanner.
func (t *Table) Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error] {
	return func(yield func(credstash.Item, error) bool) {
		in, read := t.scanInput(keysOnly)
		for {
			out, err := t.api.scan(ctx, in)
			if err != nil {
				yield(credstash.Item{}, awserr.Wrap(t.op("scan"), err))
				return
			}
			for _, attrs := range out.Items {
				item, err := read(attrs)
				if !yield(item, err) || err != nil {
					return
				}
			}
			// A page may be empty and still not be the last.
			if len(out.LastEvaluatedKey) == 0 {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

func (t *Table) scanInput(keysOnly bool) (*dynamodb.ScanInput, func(map[string]types.AttributeValue) (credstash.Item, error)) {
	in := &dynamodb.ScanInput{TableName: aws.String(t.name), ConsistentRead: aws.Bool(true)}
	if !keysOnly {
		return in, decode
	}
	// A projection saves bytes on the wire; DynamoDB charges the whole item.
	in.ProjectionExpression = aws.String("#n, #v, #c")
	in.ExpressionAttributeNames = map[string]string{"#n": nameAttr, "#v": versionAttr, "#c": commentAttr}
	return in, func(attrs map[string]types.AttributeValue) (credstash.Item, error) { return keysOf(attrs), nil }
}

func (t *Table) queryName(name string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName:                 aws.String(t.name),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("#n = :n"),
		ExpressionAttributeNames:  map[string]string{"#n": nameAttr},
		ExpressionAttributeValues: map[string]types.AttributeValue{":n": &types.AttributeValueMemberS{Value: name}},
	}
}

func (t *Table) notFound() error { return fmt.Errorf("%w in table %s", source.ErrNotFound, t.name) }
