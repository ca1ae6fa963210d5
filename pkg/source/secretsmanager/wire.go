package secretsmanager

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The SDK's own client takes half a millisecond of every start of the program
// to describe messages, most of which nobody here sends. So the three
// operations go through package wire
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html).

type batchInput struct {
	SecretIDList []string `json:"SecretIdList"`
	NextToken    string   `json:",omitempty"`
}

type batchOutput struct {
	SecretValues []stored
	Errors       []struct {
		SecretID  string `json:"SecretId"`
		ErrorCode string
		Message   string
	}
	NextToken string
}

type getInput struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId,omitempty"`
	VersionStage string `json:",omitempty"`
}

// stored is one version of a secret, which is text or bytes.
type stored struct {
	ARN, Name    string
	VersionID    string `json:"VersionId"`
	SecretString *string
	SecretBinary []byte
}

func (s *stored) value() value {
	if s.SecretString != nil {
		return value{data: []byte(*s.SecretString), version: s.VersionID}
	}
	return value{data: s.SecretBinary, version: s.VersionID}
}

type describeInput struct {
	SecretID string `json:"SecretId"`
}

type describeOutput struct {
	DeletedDate        *float64            // nil: it is not to be deleted
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages"`
}

const serviceID = "Secrets Manager"

func newClient(cfg aws.Config) *wire.JSONClient {
	o := kms.NewFromConfig(cfg).Options() // resolved FIPS, dual-stack and retryer
	return wire.NewJSON(wire.JSONOptions{
		ServiceID: serviceID, Signing: "secretsmanager", Target: "secretsmanager", Version: "1.1",
		Endpoint: func(ctx context.Context) (smithyendpoints.Endpoint, error) { return endpoint(ctx, cfg, o) },
		Region:   o.Region, AppID: cfg.AppID, Credentials: o.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer,
	})
}

// endpoint is KMS's under another name, but that in the larger partitions the
// plain hosts are the dual-stack ones.
func endpoint(ctx context.Context, cfg aws.Config, o kms.Options) (smithyendpoints.Endpoint, error) {
	e, err := wire.AsKMS(ctx, cfg, o, serviceID, "secretsmanager")
	if err != nil || o.EndpointOptions.UseDualStackEndpoint != aws.DualStackEndpointStateEnabled {
		return e, err
	}
	if host, ok := strings.CutSuffix(e.URI.Host, ".api.aws"); ok {
		e.URI.Host = host + ".amazonaws.com"
	}
	fips := o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
	if host, ok := strings.CutSuffix(e.URI.Host, ".api.amazonwebservices.com.cn"); ok && !fips {
		e.URI.Host = host + ".amazonaws.com.cn"
	}
	return e, nil
}
