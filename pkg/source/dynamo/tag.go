package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Tag adds tags to the table with that ARN, which [Table.EnsureTable] returns. It
// requires the permission dynamodb:TagResource.
func (t *Table) Tag(ctx context.Context, arn string, tags map[string]string) error {
	_, err := t.api.tagResource(ctx, &dynamodb.TagResourceInput{ResourceArn: aws.String(arn), Tags: tagList(tags)})
	return wire.Wrap(t.op("tag"), err)
}

func tagList(tags map[string]string) (list []types.Tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return list
}

func (a *Admin) tags(arn string, o SetupOptions) property {
	missing := map[string]string{}
	return property{
		"tags",
		func(ctx context.Context) (string, error) {
			if len(o.Tags) == 0 {
				return "", nil
			}
			have, err := a.tagsOf(ctx, arn)
			if err != nil {
				return "", err
			}
			for k, v := range o.Tags {
				if got, ok := have[k]; !ok || got != v {
					missing[k] = v
				}
			}
			if len(missing) == 0 {
				return "", nil
			}
			return fmt.Sprintf("its tags lack %q", slices.Sorted(maps.Keys(missing))), nil
		},
		func(ctx context.Context) error { return a.Tag(ctx, arn, missing) },
	}
}

func (a *Admin) tagsOf(ctx context.Context, arn string) (map[string]string, error) {
	tags := map[string]string{}
	in := &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String(arn)}
	for {
		out, err := a.admin.listTags(ctx, in)
		if err != nil {
			return nil, wire.Wrap(a.op("list tags of"), err)
		}
		for _, t := range out.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		if aws.ToString(out.NextToken) == "" {
			return tags, nil
		}
		if aws.ToString(out.NextToken) == aws.ToString(in.NextToken) {
			return nil, wire.Wrap(a.op("list tags of"), wire.Broken(wire.ErrOther))
		}
		in.NextToken = out.NextToken
	}
}
