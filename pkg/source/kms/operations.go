package kms

import (
	"context"
	"time"

	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The SDK's client adds the endpoint rules of all regions to each start of the program,
// and its newer releases descriptions of all messages. So the operations use package wire
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html). Requests and
// answers have the fields that are used.

const serviceID = "KMS"

func newClient(client awsconfig.Client) *wire.JSONClient {
	return wire.NewRegional(client.Config, wire.JSONOptions{
		Options: wire.Options{ServiceID: serviceID, Observer: client.Observer},
		Signing: "kms", Target: "TrentService", Version: "1.1", Preconnect: client.Preconnect,
	}, endpoint)
}

func endpoint(ctx context.Context, s wire.Settings) (smithyendpoints.Endpoint, error) {
	return wire.Regional(ctx, s, "kms")
}

// decryptInput and decryptOutput are the request and the answer of Decrypt, as far as
// symmetric keys need them.
type decryptInput struct {
	CiphertextBlob    []byte
	EncryptionContext map[string]string `json:",omitempty"`
	GrantTokens       []string          `json:",omitempty"`
}

type decryptOutput struct {
	Plaintext []byte
	KeyID     string `json:"KeyId"`
}

type dataKeyInput struct {
	KeyID             string            `json:"KeyId"`
	NumberOfBytes     int               // 1 to MaxDataKey
	EncryptionContext map[string]string `json:",omitempty"`
	GrantTokens       []string          `json:",omitempty"`
}

type encryptInput struct {
	KeyID             string `json:"KeyId"`
	Plaintext         []byte
	EncryptionContext map[string]string `json:",omitempty"`
	GrantTokens       []string          `json:",omitempty"`
}

type reEncryptInput struct {
	CiphertextBlob               []byte
	DestinationKeyID             string            `json:"DestinationKeyId"`
	SourceEncryptionContext      map[string]string `json:",omitempty"`
	DestinationEncryptionContext map[string]string `json:",omitempty"`
	GrantTokens                  []string          `json:",omitempty"`
}

// encrypted is the answer to what encrypts. Plaintext is that of a data key, SourceKeyID
// that of ReEncrypt.
type encrypted struct {
	CiphertextBlob []byte
	Plaintext      []byte
	KeyID          string `json:"KeyId"`
	SourceKeyID    string `json:"SourceKeyId"`
}

// keyInput is the request of operations that take nothing but a key, and the marker of a
// page.
type keyInput struct {
	KeyID  string `json:"KeyId"`
	Marker string `json:",omitempty"`
}

// The values of keys that can generate data keys.
const (
	stateEnabled  = "Enabled"
	usageEncrypt  = "ENCRYPT_DECRYPT"
	specSymmetric = "SYMMETRIC_DEFAULT"
)

type keyOutput struct {
	KeyMetadata struct {
		Arn, KeyState, KeyUsage, KeySpec string
		KeyID                            string `json:"KeyId"`
	}
}

type createKeyInput struct {
	Description, KeyUsage, KeySpec string
	Tags                           []tag `json:",omitempty"`
}

type tag struct{ TagKey, TagValue string }

type aliasInput struct {
	AliasName   string
	TargetKeyID string `json:"TargetKeyId"`
}

type rotationOutput struct{ KeyRotationEnabled bool }

type tagsOutput struct {
	Tags       []tag
	Truncated  bool
	NextMarker string
}

type tagInput struct {
	KeyID string `json:"KeyId"`
	Tags  []tag
}

type grantInput struct {
	KeyID            string `json:"KeyId"`
	GranteePrincipal string
	Name             string
	Operations       []string
	Constraints      *constraints `json:",omitempty"`
}

type constraints struct {
	EncryptionContextEquals map[string]string `json:",omitempty"`
	EncryptionContextSubset map[string]string `json:",omitempty"`
}

type grantOutput struct {
	GrantID    string `json:"GrantId"`
	GrantToken string
}

type listGrantsInput struct {
	KeyID            string `json:"KeyId"`
	Limit            int
	GranteePrincipal string `json:",omitempty"`
	Marker           string `json:",omitempty"`
}

type listGrantsOutput struct {
	Grants     []grantEntry
	Truncated  bool
	NextMarker string
}

type grantEntry struct {
	GrantID          string `json:"GrantId"`
	Name             string
	GranteePrincipal string
	Operations       []string
	CreationDate     float64 // seconds since 1970
	Constraints      constraints
}

// created returns when a grant was made, to the millisecond; zero: unknown.
func (e grantEntry) created() time.Time {
	if e.CreationDate == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(e.CreationDate * 1e3)).UTC()
}

type revokeInput struct {
	KeyID   string `json:"KeyId"`
	GrantID string `json:"GrantId"`
}
