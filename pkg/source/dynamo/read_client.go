package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/awsconfig"
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

// newReader returns the client that sends a table's reads. It does not run the middleware
// in c's configuration (APIOptions).
//
// Reads go to the same endpoint as c's own requests. By default that is a host of the
// account, if the credentials or the ARN of the table state one
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html).
func newReader(c *dynamodb.Client, client awsconfig.Client, table string) *wire.JSONClient {
	o := c.Options()
	resolver := o.EndpointResolverV2
	params := dynamodb.EndpointParameters{
		Region:       aws.String(o.Region),
		Endpoint:     o.BaseEndpoint,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		ResourceArn:  aws.String(table), // the endpoint rules ignore a name that is not an ARN

		AccountIdEndpointMode: aws.String(string(o.AccountIDEndpointMode)),
	}
	return wire.NewJSON(wire.JSONOptions{
		Options: wire.Options{
			ServiceID: dynamodb.ServiceID, AppID: client.AppID, Credentials: o.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer, Observer: client.Observer,
		},
		Signing: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0", Region: o.Region, Preconnect: client.Preconnect,
		Endpoint: func(ctx context.Context, account string) (smithyendpoints.Endpoint, error) {
			params := params
			if account != "" {
				params.AccountId = aws.String(account)
			}
			return resolver.ResolveEndpoint(ctx, params)
		},
		Account: accountOf(o),
	})
}

// accountOf returns a function that finds the account of the credentials, as the SDK's
// client does. It returns nil if the account is not part of the host.
func accountOf(o dynamodb.Options) func(context.Context) (string, error) {
	anonymous := o.Credentials == nil || aws.IsCredentialsProvider(o.Credentials, aws.AnonymousCredentials{})
	if anonymous || o.BaseEndpoint != nil || o.AccountIDEndpointMode == aws.AccountIDEndpointModeDisabled {
		return nil
	}
	return func(ctx context.Context) (string, error) {
		credentials, err := o.Credentials.Retrieve(ctx)
		if err == nil && credentials.AccountID == "" && o.AccountIDEndpointMode == aws.AccountIDEndpointModeRequired {
			err = wire.SafeError("AWS_ACCOUNT_ID_ENDPOINT_MODE is required, and the credentials do not include their account (AWS_ACCOUNT_ID)")
		}
		return credentials.AccountID, err
	}
}
