package tables

import (
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/test/awsfake/wire"
)

type tag struct{ Key, Value string }

type listTags struct{ ResourceArn string }

func (l *listTags) describe(r *wire.Request) { _, r.Table, _ = strings.Cut(l.ResourceArn, ":table/") }

func (l *listTags) run(r *Region, _ *wire.Request) (any, error) {
	for _, table := range r.tables {
		if table.arn == l.ResourceArn {
			list := []tag{}
			for _, k := range slices.Sorted(maps.Keys(table.tags)) {
				list = append(list, tag{k, table.tags[k]})
			}
			return map[string]any{"Tags": list}, nil
		}
	}
	return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found: ResourcArn: " + l.ResourceArn + " not found"}
}

type tagResource struct {
	ResourceArn string
	Tags        []tag
}

func (t *tagResource) describe(r *wire.Request) {
	_, r.Table, _ = strings.Cut(t.ResourceArn, ":table/")
}

func (t *tagResource) run(r *Region, _ *wire.Request) (any, error) {
	for _, table := range r.tables {
		if table.arn == t.ResourceArn {
			for _, tag := range t.Tags {
				table.tags[tag.Key] = tag.Value
			}
			return map[string]any{}, nil
		}
	}
	return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found: ResourcArn: " + t.ResourceArn + " not found"}
}
