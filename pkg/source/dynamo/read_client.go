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

// check compares an answer with the question: nothing is decrypted that was not
// asked for. That an item is missing is asked for again, but by probes, after which
// a render asks for itself.
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

// newReader returns what sends the reads of a table. The middleware in c's
// configuration (APIOptions) is not run for them.
//
// They go where c's own requests go: by default to a host of the account, where the
// credentials tell it, or the ARN of the table
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html).
func newReader(c *dynamodb.Client, client awsconfig.Client, table string) *wire.JSONClient {
	o := c.Options()
	resolver := o.EndpointResolverV2
	params := dynamodb.EndpointParameters{
		Region:       aws.String(o.Region),
		Endpoint:     o.BaseEndpoint,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		ResourceArn:  aws.String(table), // the rules pass over what is no ARN

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

// accountOf is what tells the account of the credentials, as the SDK's client has
// it, or nil where no account is part of the host.
func accountOf(o dynamodb.Options) func(context.Context) (string, error) {
	anonymous := o.Credentials == nil || aws.IsCredentialsProvider(o.Credentials, aws.AnonymousCredentials{})
	if anonymous || o.BaseEndpoint != nil || o.AccountIDEndpointMode == aws.AccountIDEndpointModeDisabled {
		return nil
	}
	return func(ctx context.Context) (string, error) {
		credentials, err := o.Credentials.Retrieve(ctx)
		if err == nil && credentials.AccountID == "" && o.AccountIDEndpointMode == aws.AccountIDEndpointModeRequired {
			err = wire.SafeError("AWS_ACCOUNT_ID_ENDPOINT_MODE is required, and the credentials do not tell their account (AWS_ACCOUNT_ID)")
		}
		return credentials.AccountID, err
	}
}
