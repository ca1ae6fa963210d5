package dynamo

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

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
