package dynamo

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/internal/awserr"
)

// Tag adds tags to the table of that ARN, which [Table.EnsureTable] returns. It
// takes the right to dynamodb:TagResource.
func (t *Table) Tag(ctx context.Context, arn string, tags map[string]string) error {
	in := &dynamodb.TagResourceInput{ResourceArn: aws.String(arn)}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	_, err := t.api.tagResource(ctx, in)
	return awserr.Wrap(t.op("tag"), err)
}
