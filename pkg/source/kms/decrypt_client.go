package kms

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// decryptInput and decryptOutput are the request and the answer of Decrypt, as far as
// symmetric keys need them
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html).
type decryptInput struct {
	CiphertextBlob    []byte
	EncryptionContext map[string]string `json:",omitempty"`
	GrantTokens       []string          `json:",omitempty"`
}

type decryptOutput struct {
	Plaintext []byte
	KeyID     string `json:"KeyId"`
}

func newDecrypter(c *kms.Client, client awsconfig.Client) *wire.JSONClient {
	o := c.Options()
	resolver := o.EndpointResolverV2
	params := kms.EndpointParameters{
		Region:       aws.String(o.Region),
		Endpoint:     o.BaseEndpoint,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	}
	return wire.NewJSON(wire.JSONOptions{
		Options: wire.Options{
			ServiceID: kms.ServiceID, AppID: client.AppID, Credentials: o.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer, Observer: client.Observer,
		},
		Signing: "kms", Target: "TrentService", Version: "1.1", Region: o.Region, Preconnect: client.Preconnect,
		Endpoint: func(ctx context.Context, _ string) (smithyendpoints.Endpoint, error) {
			return resolver.ResolveEndpoint(ctx, params)
		},
	})
}
