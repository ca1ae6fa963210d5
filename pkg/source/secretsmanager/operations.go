package secretsmanager

import (
	"context"
	"slices"
	"strings"

	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The SDK's client adds half a millisecond to every start of the program, because it
// initializes descriptions of all messages of the service. So the operations use
// package wire
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

// stored is a version of a secret, which is text or bytes.
type stored struct {
	ARN, Name    string
	VersionID    string   `json:"VersionId"`
	Stages       []string `json:"VersionStages"`
	SecretString *string
	SecretBinary []byte
}

func (s *stored) value() value {
	if s.SecretString != nil {
		return value{data: []byte(*s.SecretString), version: s.VersionID}
	}
	return value{data: s.SecretBinary, version: s.VersionID}
}

// check reports an answer with other secrets than the requested ones.
func (in *batchInput) check(out *batchOutput) error {
	asked := func(name, arn string) bool {
		return slices.ContainsFunc(in.SecretIDList, func(id string) bool { return named(id, name, arn) })
	}
	for _, s := range out.SecretValues {
		if !asked(s.Name, s.ARN) {
			return wire.Other()
		}
	}
	for _, e := range out.Errors {
		if !asked(e.SecretID, e.SecretID) {
			return wire.Other()
		}
	}
	if in.NextToken != "" && out.NextToken == in.NextToken {
		return wire.Other()
	}
	return nil
}

// check reports an answer with another secret, version or stage than the requested one.
func (in *getInput) check(out *stored) error {
	if !named(in.SecretID, out.Name, out.ARN) || in.VersionID != "" && out.VersionID != in.VersionID ||
		in.VersionStage != "" && len(out.Stages) > 0 && !slices.Contains(out.Stages, in.VersionStage) {
		return wire.Other()
	}
	return nil
}

type describeInput struct {
	SecretID string `json:"SecretId"`
}

type describeOutput struct {
	ARN, Name          string
	KMSKeyID           string `json:"KmsKeyId"`
	OwningService      string // of AWS, if one manages the secret
	RotationEnabled    bool
	DeletedDate        *float64            // nil: not scheduled for deletion
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages"`
}

const serviceID = "Secrets Manager"

func newClient(client awsconfig.Client) *wire.JSONClient {
	return wire.NewRegional(client.Config, wire.JSONOptions{
		Options: wire.Options{ServiceID: serviceID, Observer: client.Observer},
		Signing: "secretsmanager", Target: "secretsmanager", Version: "1.1",
	}, endpoint)
}

// endpoint returns the endpoint. In the larger partitions, the plain
// hosts also serve dual stack.
func endpoint(ctx context.Context, s wire.Settings) (smithyendpoints.Endpoint, error) {
	e, err := wire.Regional(ctx, s, "secretsmanager")
	if err != nil || !s.DualStack() {
		return e, err
	}
	if host, ok := strings.CutSuffix(e.URI.Host, ".api.aws"); ok {
		e.URI.Host = host + ".amazonaws.com"
	}
	fips := s.FIPS()
	if host, ok := strings.CutSuffix(e.URI.Host, ".api.amazonwebservices.com.cn"); ok && !fips {
		e.URI.Host = host + ".amazonaws.com.cn"
	}
	return e, nil
}
