package ssm

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The SDK's own client for Systems Manager, of which Parameter Store is a
// small part, takes 1.3 ms and 1.4 MB of every start of the program to describe
// messages that nobody here sends. So the two operations go through package wire.

type getInput struct {
	Names          []string
	WithDecryption bool
}

type getOutput struct {
	Parameters        []parameter
	InvalidParameters []string
}

type pathInput struct {
	Path                      string
	Recursive, WithDecryption bool
	MaxResults                int
	NextToken                 string `json:",omitempty"`
}

type pathOutput struct {
	Parameters []parameter
	NextToken  string
}

// parameter is one as AWS answers
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html).
type parameter struct {
	Name, ARN, Value string
	Version          int64
	LastModifiedDate float64 // seconds since 1970
}

const serviceID = "SSM"

func newClient(cfg aws.Config) *wire.JSONClient {
	o := kms.NewFromConfig(cfg).Options() // resolved FIPS, dual-stack and retryer
	return wire.NewJSON(wire.JSONOptions{
		ServiceID: serviceID, Signing: "ssm", Target: "AmazonSSM", Version: "1.1",
		Endpoint: func(ctx context.Context) (smithyendpoints.Endpoint, error) { return endpoint(ctx, cfg, o) },
		Region:   o.Region, AppID: cfg.AppID, Credentials: o.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer,
	})
}

// endpoint is KMS's under another name, but for GovCloud, where the plain
// endpoints are FIPS's.
func endpoint(ctx context.Context, cfg aws.Config, o kms.Options) (smithyendpoints.Endpoint, error) {
	e, err := wire.AsKMS(ctx, cfg, o, serviceID, "ssm")
	if strings.HasPrefix(o.Region, "us-gov-") && strings.HasSuffix(e.URI.Host, ".amazonaws.com") {
		e.URI.Host = strings.Replace(e.URI.Host, "ssm-fips.", "ssm.", 1)
	}
	return e, err
}
