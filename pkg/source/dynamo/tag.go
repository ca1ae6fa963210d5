package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Tag adds tags to the table with that ARN, which [Table.EnsureTable] returns. It
// requires the permission dynamodb:TagResource.
func (t *Table) Tag(ctx context.Context, arn string, tags map[string]string) error {
	return wire.Wrap(t.op("tag"), t.calls.Do(ctx, "TagResource", &tagInput{arn, tagList(tags)}, nil))
}

func tagList(tags map[string]string) (list []tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{k, tags[k]})
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
	in := tagsInput{ResourceARN: arn}
	for {
		var out tagsOutput
		if err := a.calls.Do(ctx, "ListTagsOfResource", &in, &out); err != nil {
			return nil, wire.Wrap(a.op("list tags of"), err)
		}
		for _, t := range out.Tags {
			tags[t.Key] = t.Value
		}
		if out.NextToken == "" {
			return tags, nil
		}
		if out.NextToken == in.NextToken {
			return nil, wire.Wrap(a.op("list tags of"), wire.Broken(wire.ErrOther))
		}
		in.NextToken = out.NextToken
	}
}
