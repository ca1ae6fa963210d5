package dynamo

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// read is what Query, GetItem and Scan are asked, each with the fields that it
// knows
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html).
type read struct {
	TableName                 string
	Key                       map[string]value  `json:",omitempty"` // GetItem
	KeyConditionExpression    string            `json:",omitempty"` // Query
	ProjectionExpression      string            `json:",omitempty"`
	ExpressionAttributeNames  map[string]string `json:",omitempty"`
	ExpressionAttributeValues map[string]value  `json:",omitempty"`
	ExclusiveStartKey         json.RawMessage   `json:",omitempty"` // as it was answered
	ConsistentRead            bool
	Limit                     int    `json:",omitempty"`
	ScanIndexForward          *bool  `json:",omitempty"` // Query; nil: forward
	ReturnConsumedCapacity    string `json:",omitempty"`
}

// value is a text, which is all that we ask with.
type value struct{ S string }

// newReader returns what sends the reads of a table. The middleware in c's
// configuration (APIOptions) is not run for them.
func newReader(c *dynamodb.Client, appID string) *wire.JSONClient {
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
	return wire.NewJSON(wire.JSONOptions{
		ServiceID: dynamodb.ServiceID, Signing: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0",
		Endpoint: func(ctx context.Context) (smithyendpoints.Endpoint, error) {
			return resolver.ResolveEndpoint(ctx, params)
		},
		Region: o.Region, AppID: appID, Credentials: o.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer,
	})
}
