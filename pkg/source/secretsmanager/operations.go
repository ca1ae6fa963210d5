package secretsmanager

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/google/uuid"

	"github.com/credrender/credrender/pkg/source"
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

// content is a value as requests have it: text, or bytes.
type content struct {
	SecretString *string `json:",omitempty"`
	SecretBinary []byte  `json:",omitempty"`
}

func contentOf(value []byte) content {
	if !utf8.Valid(value) {
		return content{SecretBinary: value}
	}
	text := string(value)
	return content{SecretString: &text}
}

type createInput struct {
	content
	Name               string
	ClientRequestToken string
	KMSKeyID           string `json:"KmsKeyId,omitempty"`
}

type putInput struct {
	content
	SecretID           string `json:"SecretId"`
	ClientRequestToken string
	VersionStages      []string `json:",omitempty"`
}

// written is the answer to both.
type written struct {
	ARN, Name     string
	VersionID     string `json:"VersionId"`
	VersionStages []string
}

type stageInput struct {
	SecretID            string `json:"SecretId"`
	VersionStage        string
	MoveToVersionID     string `json:"MoveToVersionId,omitempty"`
	RemoveFromVersionID string `json:"RemoveFromVersionId,omitempty"`
}

type deleteOutput struct {
	ARN, Name    string
	DeletionDate float64
}

// newID returns a version id, which makes a request that is sent again the same version: a
// random UUID (https://www.rfc-editor.org/rfc/rfc9562.html#name-uuid-version-4).
func newID() string {
	return uuid.NewString()
}

// reasons explain the codes of refused writes. AWS's own messages may quote the value.
var reasons = map[string]string{
	"LimitExceededException":                  "AWS keeps about 100 versions of a secret, and deletes none that is younger than a day: write it at most once in ten minutes",
	"EncryptionFailure":                       "the KMS key of the secret does not exist, or may not be used",
	"InvalidRequestException":                 "the state of the secret does not permit it: it is pending deletion, replicated, or managed by AWS",
	"PreconditionNotMetException":             "the state of the secret does not permit it",
	"DecryptionFailure":                       "the KMS key of the secret may not be used",
	"OperationNotPermittedOnReplicaException": "the secret is a replica: write it in its primary region",
}

// refusal returns the error of a write that AWS refuses.
func refusal(op string, err error) error {
	wrapped := wire.Wrap(op, err)
	e, ok := errors.AsType[*source.CallError](wrapped)
	if !ok {
		return wrapped
	}
	switch e.Code {
	case "ResourceNotFoundException":
		e.Kind = source.ErrNotFound
	case "ResourceExistsException":
		e.Kind = source.ErrExists
	case "EncryptionFailure", "DecryptionFailure", "InvalidRequestException":
		e.Kind = source.ErrDenied
	}
	if reason := reasons[e.Code]; reason != "" && e.Message == "" {
		e.Message = reason
	}
	return wrapped
}

func (s *Secrets) create(ctx context.Context, name string, value []byte) (id string, err error) {
	if strings.HasPrefix(name, "arn:") {
		return "", source.ErrNotFound
	}
	var out written
	in := createInput{content: contentOf(value), Name: name, ClientRequestToken: newID(), KMSKeyID: s.key}
	if err := s.client.Do(ctx, "CreateSecret", &in, &out); err != nil {
		return "", refusal("create secret", err)
	}
	return in.ClientRequestToken, nil
}

// store adds a version. Without a stage it becomes AWSCURRENT, whichever version was. isCurrent
// reports that it is, as the first version of a secret always is.
func (s *Secrets) store(ctx context.Context, secret string, value []byte, stage string) (id string, isCurrent bool, err error) {
	in := putInput{content: contentOf(value), SecretID: secret, ClientRequestToken: newID()}
	if stage != "" {
		in.VersionStages = []string{stage}
	}
	var out written
	if err := s.client.Do(ctx, "PutSecretValue", &in, &out); err != nil {
		return "", false, refusal("write secret", err)
	}
	for _, stage := range out.VersionStages {
		isCurrent = isCurrent || stage == current
	}
	return in.ClientRequestToken, isCurrent, nil
}

// publish moves AWSCURRENT from one version to another, in one step. The error wraps
// source.ErrChanged if another version has it.
func (s *Secrets) publish(ctx context.Context, secret, from, to string) error {
	var out struct{}
	in := stageInput{SecretID: secret, VersionStage: current, MoveToVersionID: to, RemoveFromVersionID: from}
	err := s.client.Do(ctx, "UpdateSecretVersionStage", &in, &out)
	if err == nil {
		return nil
	}
	err = refusal("publish secret", err)
	if e, ok := errors.AsType[*source.CallError](err); !ok || e.Code != "InvalidParameterException" {
		return err
	}
	// AWS does not say why. If an answer was lost, the request was sent again, and the
	// stage may have moved.
	now, lookErr := s.describe(ctx, secret)
	switch {
	case lookErr != nil:
		return lookErr
	case now.version(current) == to:
		return nil
	case now.version(current) != from:
		return source.ErrChanged
	}
	return err
}

// unlabel takes a stage from a version. If it is not there any more, another writer has
// it, so the outcome does not matter.
func (s *Secrets) unlabel(ctx context.Context, secret, stage, id string) {
	var out struct{}
	_ = s.client.Do(ctx, "UpdateSecretVersionStage", &stageInput{SecretID: secret, VersionStage: stage, RemoveFromVersionID: id}, &out)
}
