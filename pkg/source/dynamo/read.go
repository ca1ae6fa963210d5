package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Newest implements store.Reader.
func (t *Table) Newest(ctx context.Context, name string) (credstash.Item, error) {
	return t.newest(ctx, name, true)
}

func (t *Table) newest(ctx context.Context, name string, consistent bool) (credstash.Item, error) {
	in := queryName(name)
	in.ConsistentRead, in.Limit, in.ScanIndexForward = consistent, 1, new(bool)
	out, err := t.read(ctx, "Query", in)
	if err != nil {
		return credstash.Item{}, err
	}
	if len(out.Items) == 0 {
		return credstash.Item{}, t.notFound()
	}
	return out.Items[0].decode()
}

// Get implements store.Reader.
func (t *Table) Get(ctx context.Context, name, version string) (credstash.Item, error) {
	return t.get(ctx, name, version, true)
}

func (t *Table) get(ctx context.Context, name, version string, consistent bool) (credstash.Item, error) {
	key := map[string]value{nameAttr: {name}, versionAttr: {version}}
	out, err := t.read(ctx, "GetItem", &read{Key: key, ConsistentRead: consistent})
	if err != nil {
		return credstash.Item{}, err
	}
	if len(out.Item) == 0 {
		return credstash.Item{}, t.notFound()
	}
	return out.Item.decode()
}

// Versions implements store.VersionLister.
func (t *Table) Versions(ctx context.Context, name string) ([]credstash.Item, error) {
	in := queryName(name)
	in.ProjectionExpression = "#n, #v, #c, #k, #a"
	in.ExpressionAttributeNames["#v"] = versionAttr
	in.ExpressionAttributeNames["#c"] = commentAttr
	in.ExpressionAttributeNames["#k"] = keyAttr
	in.ExpressionAttributeNames["#a"] = algorithmAttr
	var items []credstash.Item
	for attrs, err := range t.pages(ctx, "Query", in) {
		if err != nil {
			return nil, err
		}
		items = append(items, attrs.label())
	}
	return items, nil
}

// Scan implements store.Scanner.
func (t *Table) Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error] {
	in, decode := &read{ConsistentRead: true}, item.decode
	if keysOnly {
		// A projection saves bytes on the wire; DynamoDB charges the whole item.
		in.ProjectionExpression = "#n, #v, #c"
		in.ExpressionAttributeNames = map[string]string{"#n": nameAttr, "#v": versionAttr, "#c": commentAttr}
		decode = func(i item) (credstash.Item, error) { return i.keys(), nil } //nolint:unparam // as item.decode
	}
	return func(yield func(credstash.Item, error) bool) {
		for attrs, err := range t.pages(ctx, "Scan", in) {
			var it credstash.Item
			if err == nil {
				it, err = decode(attrs)
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}
}

// SomeNames implements store.Namer with the first page of an eventually consistent scan,
// which costs at most 128 read units (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html).
func (t *Table) SomeNames(ctx context.Context) ([]string, error) {
	in := &read{ProjectionExpression: "#n", ExpressionAttributeNames: map[string]string{"#n": nameAttr}}
	out, err := t.read(ctx, "Scan", in)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(out.Items))
	for i, attrs := range out.Items {
		names[i] = attrs.keys().Name
	}
	return names, nil
}

// pages reads up to the last page or the first error. An empty page is not always the
// last one.
func (t *Table) pages(ctx context.Context, operation string, in *read) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		in := *in // read again where the sequence is
		for {
			out, err := t.read(ctx, operation, &in)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, attrs := range out.Items {
				if !yield(attrs, nil) {
					return
				}
			}
			if key := string(out.LastEvaluatedKey); key == "" || key == "null" || key == "{}" {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

// read sends one read of any kind.
func (t *Table) read(ctx context.Context, operation string, in *read) (*found, error) {
	in.TableName = t.name
	if t.client.ReadUnits != nil {
		in.ReturnConsumedCapacity = "TOTAL"
	}
	var out found
	if err := t.calls.DoChecked(ctx, operation, in, &out, func() error { return in.check(&out) }); err != nil {
		return nil, wire.Wrap(t.op(verb(operation)), err)
	}
	if t.client.ReadUnits != nil {
		t.client.ReadUnits(out.ConsumedCapacity.CapacityUnits)
	}
	return &out, nil
}

// verb returns the operation's name for messages.
func verb(operation string) string {
	if operation == "GetItem" {
		return "read"
	}
	return strings.ToLower(operation)
}

func queryName(name string) *read {
	return &read{
		ConsistentRead:            true,
		KeyConditionExpression:    "#n = :n",
		ExpressionAttributeNames:  map[string]string{"#n": nameAttr},
		ExpressionAttributeValues: map[string]value{":n": {name}},
	}
}

func (t *Table) notFound() error { return fmt.Errorf("%w in table %s", source.ErrNotFound, t.name) }

// read is the request of a Query, GetItem or Scan. Each uses the fields that its
// operation has
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html).
type read struct {
	TableName                 string
	Key                       map[string]value  `json:",omitempty"` // GetItem
	KeyConditionExpression    string            `json:",omitempty"` // Query
	ProjectionExpression      string            `json:",omitempty"`
	ExpressionAttributeNames  map[string]string `json:",omitempty"`
	ExpressionAttributeValues map[string]value  `json:",omitempty"`
	ExclusiveStartKey         json.RawMessage   `json:",omitempty"` // as the last page returned it
	ConsistentRead            bool
	Limit                     int    `json:",omitempty"`
	ScanIndexForward          *bool  `json:",omitempty"` // Query; nil: forward
	ReturnConsumedCapacity    string `json:",omitempty"`
}

// value is a string, the only type that these requests send.
type value struct{ S string }

// check compares a response with its request, so that only requested items are decrypted.
// It reports a missing item as doubtful, and the request is sent again. Probes do not
// repeat it, because a render follows them and asks for itself.
func (in *read) check(out *found) error {
	last := len(out.LastEvaluatedKey) > 0 && bytes.Equal(out.LastEvaluatedKey, in.ExclusiveStartKey)
	foreign := func(i item) bool { return i[nameAttr].text() != in.ExpressionAttributeValues[":n"].S }
	empty := len(out.Items) == 0 && len(in.ExclusiveStartKey) == 0
	switch {
	case in.Key != nil: // GetItem
		foreign = func(i item) bool {
			return i[nameAttr].text() != in.Key[nameAttr].S || i[versionAttr].text() != in.Key[versionAttr].S
		}
		empty = len(out.Item) == 0
		if !empty && foreign(out.Item) {
			return wire.Other()
		}
	case last: // the page that was asked for before
		return wire.Other()
	case in.KeyConditionExpression == "": // Scan
		return wire.Anonymous()
	case slices.ContainsFunc(out.Items, foreign):
		return wire.Other()
	}
	if empty && in.ConsistentRead {
		return wire.Unproven(nil)
	}
	return nil
}
