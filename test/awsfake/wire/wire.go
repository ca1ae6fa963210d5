// Package wire has what the fake's services share: the facts of a request, error answers, and a
// strict reader of request bodies.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Names of the services, as rules and records use them.
const (
	DynamoDB = "dynamodb"
	KMS      = "kms"
	STS      = "sts"
)

// Account is the only account there is.
const Account = "123456789012"

// ARN names a resource of the account.
func ARN(service, region, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + Account + ":" + resource
}

// Request is one request that arrived, its retries counted apart.
type Request struct {
	Service   string // DynamoDB, KMS or STS
	Operation string
	Region    string // as signed
	AccessKey string // as signed
	Principal string // the ARN of the user or role that the access key is

	Table      string   // DynamoDB
	Name       string   // the partition key, where the request names one
	Version    string   // the sort key, where the request names one
	Names      []string // the partition keys, where a batch names several
	Consistent bool     // a consistent read

	KeyID   string            // KMS, as given
	Context map[string]string // KMS: the encryption context

	Role    string // STS: the role to assume
	Session string // STS: the name of its session

	Status int    // of the answer; zero: none was sent
	Code   string // of an error

	// ReadUnits and WriteUnits are the capacity that DynamoDB charges.
	ReadUnits, WriteUnits float64
}

// Error is an error answer of a service.
type Error struct {
	Status  int // zero: 400
	Code    string
	Message string
	Extra   map[string]any // further members of the body
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Invalid is a ValidationException.
func Invalid(format string, args ...any) error {
	return &Error{Code: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// NotImplemented is for what AWS would do and the fake does not. Its
// status is one that the SDK does not retry.
func NotImplemented(format string, args ...any) error {
	return &Error{Status: http.StatusNotImplemented, Code: "NotImplemented", Message: "awstest: " + fmt.Sprintf(format, args...)}
}

// Decode reads a request's body. Members that the type does not have are
// refused: silently ignoring, say, a FilterExpression would make tests lie.
func Decode(operation string, body []byte, in any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(in)
	if api, ok := errors.AsType[*Error](err); ok {
		return api
	}
	if err != nil && strings.Contains(err.Error(), "unknown field") {
		return NotImplemented("%s: %v", operation, err)
	}
	if err != nil {
		return &Error{Code: "SerializationException", Message: err.Error()}
	}
	return nil
}
