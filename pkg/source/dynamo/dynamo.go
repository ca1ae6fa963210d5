// Package dynamo stores credstash items in a DynamoDB table, as credstash does: the
// partition key is "name", the sort key is "version", both strings. [Table]
// implements the interfaces of package store for items; package kms implements those
// for keys.
//
// Reads are consistent, except those of [Table.Probe]: they see every write that has
// finished. The newest version is a Query for one item in descending order. DynamoDB
// has no batch form of Query, so a batch of names is as many concurrent requests.
//
// Attribute names always go through placeholders: name and key, among others,
// are reserved words
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html).
package dynamo

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Names of attributes in requests to DynamoDB.
const (
	nameAttr    = "name"    // partition key
	versionAttr = "version" // sort key
	commentAttr = "comment"
	// These attributes distinguish items and say how to read them.
	keyAttr       = "key"
	algorithmAttr = "algorithm"
)

// Table is one table. It is safe for concurrent use. Errors wrap the sentinels
// of package source and keep AWS's code and message.
type Table struct {
	calls  *wire.JSONClient
	client awsconfig.Client
	name   string
}

// New returns the table of that name in the client's region, or of that ARN, which may be
// in another account. It sends no request.
//
// Requests do not run the middleware of the client's APIOptions, but they do call its
// Observer.
func New(client awsconfig.Client, table string) *Table {
	return &Table{name: table, client: client, calls: newClient(client, table)}
}

// Preconnect implements store.Preconnector: it opens connections for n concurrent reads,
// and keeps them open until ctx ends.
func (t *Table) Preconnect(ctx context.Context, n int) {
	t.calls.Preconnect(ctx, n)
}

func (t *Table) op(verb string) string { return verb + " table " + t.name }

const serviceID = "DynamoDB"

const errNoAccount = wire.SafeError("AWS_ACCOUNT_ID_ENDPOINT_MODE is required, and the credentials do not include their account (AWS_ACCOUNT_ID)")

// newClient returns the client that sends a table's requests, which do not run the
// middleware of the configuration (APIOptions).
//
// By default, they go to a host of the account, if the credentials or the ARN of the table
// state one (https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html).
func newClient(client awsconfig.Client, table string) *wire.JSONClient {
	r := rules{cfg: client.Config, settings: wire.SettingsOf(client.Config, serviceID), table: table}
	return wire.NewJSON(wire.JSONOptions{
		Options: wire.Options{
			ServiceID: serviceID, AppID: client.AppID, Credentials: client.Credentials, HTTP: r.settings.HTTPClient, Retryer: r.settings.Retryer, Observer: client.Observer,
		},
		Signing: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0", Region: r.settings.Region, Preconnect: client.Preconnect,
		Endpoint: r.endpoint,
		Account:  r.account(),
	})
}

// rules are the SDK's endpoint rules of DynamoDB. A test compares them with its client's.
type rules struct {
	cfg      aws.Config
	settings wire.Settings
	table    string
}

// account returns a function that finds the account of the credentials, as the SDK's
// client does. It returns nil if the account is not part of the host.
func (r rules) account() func(context.Context) (string, error) {
	anonymous := r.cfg.Credentials == nil || aws.IsCredentialsProvider(r.cfg.Credentials, aws.AnonymousCredentials{})
	if anonymous || r.settings.Own != nil || r.settings.OwnErr != nil || r.cfg.AccountIDEndpointMode == aws.AccountIDEndpointModeDisabled {
		return nil
	}
	return func(ctx context.Context) (string, error) {
		credentials, err := r.cfg.Credentials.Retrieve(ctx)
		if err == nil && credentials.AccountID == "" && r.cfg.AccountIDEndpointMode == aws.AccountIDEndpointModeRequired {
			err = errNoAccount
		}
		return credentials.AccountID, err
	}
}

// endpoint returns the endpoint for the account of the credentials, which may be "".
func (r rules) endpoint(ctx context.Context, account string) (smithyendpoints.Endpoint, error) {
	e, err := wire.Regional(ctx, r.settings, "dynamodb")
	if err != nil || r.settings.Own != nil {
		return e, err
	}
	required := r.cfg.AccountIDEndpointMode == aws.AccountIDEndpointModeRequired
	switch {
	case r.settings.Region == "local":
		return r.local()
	case r.settings.FIPS() && required:
		return e, wire.SafeError("AWS_ACCOUNT_ID_ENDPOINT_MODE is required, and the endpoints of accounts have no FIPS")
	case r.settings.FIPS():
		if r.inGovCloud() && !r.settings.DualStack() { // its plain endpoint is the one for FIPS
			e.URI.Host = strings.Replace(e.URI.Host, "dynamodb-fips.", "dynamodb.", 1)
		}
		return e, nil
	case !r.hasAccounts(e.URI.Host):
		if required {
			return e, wire.SafeError("AWS_ACCOUNT_ID_ENDPOINT_MODE is required, and this partition has no endpoints of accounts")
		}
		return e, nil
	case r.cfg.AccountIDEndpointMode == aws.AccountIDEndpointModeDisabled:
		return e, nil
	}
	if a, ok := source.ParseARN(r.table); ok && a.Region == r.settings.Region && a.Service == "dynamodb" && smithyhttp.ValidHostLabel(a.Account) {
		account = a.Account
	}
	if account == "" && required {
		return e, errNoAccount
	}
	if account == "" {
		return e, nil
	}
	if !smithyhttp.ValidHostLabel(account) {
		return e, wire.SafeError("the account of the credentials cannot be part of a host")
	}
	e.URI.Host = account + ".ddb." + strings.TrimPrefix(e.URI.Host, "dynamodb.")
	return e, nil
}

// local is the endpoint of DynamoDB Local, and its region in signatures.
func (r rules) local() (smithyendpoints.Endpoint, error) {
	e := smithyendpoints.Endpoint{URI: url.URL{Scheme: "http", Host: "localhost:8000"}}
	if r.settings.FIPS() || r.settings.DualStack() {
		return e, wire.SafeError("the region local has no FIPS and no dual stack")
	}
	var signed smithy.Properties
	smithyhttp.SetSigV4SigningRegion(&signed, "us-east-1")
	smithyauth.SetAuthOptions(&e.Properties, []*smithyauth.Option{{SchemeID: "sigv4", SignerProperties: signed}})
	return e, nil
}

// hasAccounts reports whether a host is in the partition aws, the only one that has
// endpoints of accounts.
func (r rules) hasAccounts(host string) bool {
	return (strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".api.aws")) && !r.inGovCloud()
}

func (r rules) inGovCloud() bool {
	return strings.HasPrefix(strings.TrimPrefix(r.settings.Region, "aws-"), "us-gov-")
}
