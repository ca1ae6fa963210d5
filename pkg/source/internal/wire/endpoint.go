package wire

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// NewAsKMS returns a client for a service without an SDK client. Credentials, retries,
// FIPS and dual stack are those of the SDK's client for KMS. endpoint is called as
// [JSONOptions].Endpoint is.
func NewAsKMS(cfg aws.Config, o JSONOptions, endpoint func(context.Context, aws.Config, kms.Options) (smithyendpoints.Endpoint, error)) *JSONClient {
	k := kms.NewFromConfig(cfg).Options()
	o.Endpoint = func(ctx context.Context, _ string) (smithyendpoints.Endpoint, error) {
		return endpoint(ctx, cfg, k)
	}
	o.Region, o.AppID, o.Credentials, o.HTTP, o.Retryer = k.Region, cfg.AppID, k.Credentials, k.HTTPClient, k.Retryer
	return NewJSON(o)
}

// AsKMS evaluates the endpoint rules of KMS and replaces the service's name in the
// host. o are the options of the SDK's client for KMS, id is the service's ServiceID,
// and name its name in hosts.
func AsKMS(ctx context.Context, cfg aws.Config, o kms.Options, id, name string) (smithyendpoints.Endpoint, error) {
	own, err := Own(ctx, cfg, id)
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
	form, ok := strings.CutPrefix(service, "kms")
	if !ok {
		return e, SafeError("no endpoint rules for this region")
	}
	e.URI.Host = name + form + "." + rest
	return e, nil
}

// Own returns the endpoint of AWS_ENDPOINT_URL_<service>, AWS_ENDPOINT_URL or the
// profile, in this order, or nil. The SDK does not export its own search
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
func Own(ctx context.Context, cfg aws.Config, id string) (*string, error) {
	if ignored(ctx, cfg) {
		return cfg.BaseEndpoint, nil
	}
	for _, src := range cfg.ConfigSources {
		if p, ok := src.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if url, found, err := p.GetServiceBaseEndpoint(ctx, id); err != nil || found {
				return aws.String(url), err
			}
		}
		// The variable for all services goes before a profile's for one.
		if env, ok := src.(config.EnvConfig); ok && env.BaseEndpoint != "" {
			break
		}
	}
	return cfg.BaseEndpoint, nil
}

func ignored(ctx context.Context, cfg aws.Config) bool {
	for _, src := range cfg.ConfigSources {
		if p, ok := src.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := p.GetIgnoreConfiguredEndpoints(ctx); err != nil || found {
				return ignore
			}
		}
	}
	return false
}
