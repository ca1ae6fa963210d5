package ssm

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/internal/awsjson"
)

// The SDK's own client for Systems Manager, of which Parameter Store is a
// small part, takes 1.3 ms and 1.4 MB of every start of the program to describe
// messages that nobody here sends. So the two operations go through awsjson.

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

func newClient(cfg aws.Config) *awsjson.Client {
	o := kms.NewFromConfig(cfg).Options() // resolved FIPS, dual-stack and retryer
	return awsjson.New(awsjson.Options{
		ServiceID: serviceID, Signing: "ssm", Target: "AmazonSSM", Version: "1.1",
		Endpoint: func(ctx context.Context) (smithyendpoints.Endpoint, error) { return endpoint(ctx, cfg, o) },
		Region:   o.Region, AppID: cfg.AppID, Credentials: o.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer,
	})
}

// endpoint evaluates KMS's rules and exchanges the service's name: they are
// the same for both but for FIPS in GovCloud. A test holds it to the rules of
// the SDK's own client.
func endpoint(ctx context.Context, cfg aws.Config, o kms.Options) (smithyendpoints.Endpoint, error) {
	own, err := ownEndpoint(ctx, cfg)
	if err != nil {
		return smithyendpoints.Endpoint{}, err
	}
	e, err := kms.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, kms.EndpointParameters{
		Region:       aws.String(o.Region),
		Endpoint:     own,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil || own != nil {
		return e, err
	}
	service, rest, _ := strings.Cut(e.URI.Host, ".")
	service, ok := strings.CutPrefix(service, "kms")
	if !ok {
		return e, errors.New("no endpoint rules for this region")
	}
	if strings.HasPrefix(o.Region, "us-gov-") && strings.HasSuffix(rest, ".amazonaws.com") {
		service = "" // its plain endpoints are FIPS's
	}
	e.URI.Host = "ssm" + service + "." + rest
	return e, nil
}

// ownEndpoint is that of AWS_ENDPOINT_URL_SSM, the profile or
// AWS_ENDPOINT_URL, or nil. The SDK's own search is internal to it.
func ownEndpoint(ctx context.Context, cfg aws.Config) (*string, error) {
	for _, src := range cfg.ConfigSources {
		if p, ok := src.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := p.GetIgnoreConfiguredEndpoints(ctx); err == nil && found && ignore {
				return cfg.BaseEndpoint, nil
			}
		}
	}
	for _, src := range cfg.ConfigSources {
		p, ok := src.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if url, found, err := p.GetServiceBaseEndpoint(ctx, serviceID); err != nil || found {
			return aws.String(url), err
		}
	}
	return cfg.BaseEndpoint, nil
}
