package dynamo

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/internal/awsjson"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// read is what Query, GetItem and Scan are asked, each with the fields that it
// knows
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html).
type read struct {
	TableName                 string
	Key                       attributes        `json:",omitempty"` // GetItem
	KeyConditionExpression    string            `json:",omitempty"` // Query
	ProjectionExpression      string            `json:",omitempty"`
	ExpressionAttributeNames  map[string]string `json:",omitempty"`
	ExpressionAttributeValues attributes        `json:",omitempty"`
	ExclusiveStartKey         attributes        `json:",omitempty"`
	ConsistentRead            bool
	Limit                     int    `json:",omitempty"`
	ScanIndexForward          *bool  `json:",omitempty"` // Query; nil: forward
	ReturnConsumedCapacity    string `json:",omitempty"`
}

// found is what they answer.
type found struct {
	Item             attributes   // GetItem
	Items            []attributes // Query, Scan
	LastEvaluatedKey attributes
	ConsumedCapacity struct{ CapacityUnits float64 }
}

type attributes map[string]value

// value is an attribute value as DynamoDB writes it: an object with one key,
// which is its type. The types that no item format uses are kept by name, so
// that an attribute of a wrong type is not mistaken for a missing one.
type value struct {
	S    *string         `json:",omitempty"`
	B    []byte          `json:",omitempty"`
	N    *string         `json:",omitempty"`
	NULL bool            `json:",omitempty"`
	BOOL *bool           `json:",omitempty"`
	M    json.RawMessage `json:",omitempty"`
	L    json.RawMessage `json:",omitempty"`
	SS   json.RawMessage `json:",omitempty"`
	BS   json.RawMessage `json:",omitempty"`
	NS   json.RawMessage `json:",omitempty"`
}

func text(s string) value { return value{S: &s} }

func (v value) attribute() credstash.Attribute {
	switch {
	case v.S != nil:
		return credstash.Attribute{Type: "S", S: *v.S}
	case v.B != nil:
		return credstash.Attribute{Type: "B", B: v.B}
	case v.N != nil:
		return credstash.Attribute{Type: "N", S: *v.N}
	case v.NULL:
		return credstash.Attribute{Type: "NULL"}
	case v.BOOL != nil:
		return credstash.Attribute{Type: "BOOL"}
	case v.M != nil:
		return credstash.Attribute{Type: "M"}
	case v.L != nil:
		return credstash.Attribute{Type: "L"}
	case v.SS != nil:
		return credstash.Attribute{Type: "SS"}
	case v.BS != nil:
		return credstash.Attribute{Type: "BS"}
	}
	return credstash.Attribute{Type: "NS"}
}

func (a attributes) decode() (credstash.Item, error) { return credstash.Decode(a.all()) }

// keys reads an item of which only these attributes were asked for, and of
// which [credstash.Decode] would miss the others.
func (a attributes) keys() credstash.Item {
	all := a.all()
	return credstash.Item{Name: all[nameAttr].S, Version: all[versionAttr].S, Comment: all[commentAttr].S}
}

// label is keys with what tells one item from another.
func (a attributes) label() credstash.Item {
	item := a.keys()
	it, _ := credstash.Decode(a.all()) // its fault is what was not asked for
	item.Algorithm, item.Key = it.Algorithm, it.Key
	return item
}

func (a attributes) all() map[string]credstash.Attribute {
	m := make(map[string]credstash.Attribute, len(a))
	for name, v := range a {
		m[name] = v.attribute()
	}
	return m
}

// newReader returns what sends the reads of a table. The middleware in c's
// configuration (APIOptions) is not run for them.
func newReader(c *dynamodb.Client, appID string) *awsjson.Client {
	o := c.Options()
	resolver := o.EndpointResolverV2
	params := dynamodb.EndpointParameters{
		Region:       aws.String(o.Region),
		Endpoint:     o.BaseEndpoint,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		// The account's own endpoint is another host for each account, known
		// only with the credentials; the region's serves them all.
		AccountIdEndpointMode: aws.String("disabled"),
	}
	return awsjson.New(awsjson.Options{
		ServiceID: dynamodb.ServiceID, Signing: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0",
		Endpoint: func(ctx context.Context) (smithyendpoints.Endpoint, error) {
			return resolver.ResolveEndpoint(ctx, params)
		},
		Region: o.Region, AppID: appID, Credentials: o.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer,
	})
}
