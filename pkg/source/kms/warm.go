package kms

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// predialer is what a configuration's HTTP client may be able to do besides
// requests: have n connections to the host of url open, until ctx ends.
type predialer interface {
	Predial(ctx context.Context, url string, n int)
}

// Warm implements store.Warmer: it makes connections for n calls of Decrypt at
// once, where cfg's HTTP client can do that, and keeps them until ctx ends. KMS
// speaks HTTP/1.1, so a call in flight is a connection, and a new one takes two
// round trips before its first request.
func (k *Keys) Warm(ctx context.Context, n int) {
	if k.warm != nil {
		k.warm(ctx, n)
	}
}

func warmer(c *kms.Client) func(context.Context, int) {
	o := c.Options()
	p, ok := o.HTTPClient.(predialer)
	if !ok {
		return nil
	}
	params := kms.EndpointParameters{
		Region:       aws.String(o.Region),
		Endpoint:     o.BaseEndpoint,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	}
	resolver := o.EndpointResolverV2
	return func(ctx context.Context, n int) {
		// What cannot be resolved fails in the real call, and says why there.
		if endpoint, err := resolver.ResolveEndpoint(ctx, params); err == nil {
			p.Predial(ctx, endpoint.URI.String(), n)
		}
	}
}
