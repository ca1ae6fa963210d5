package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// answered is what the SDK returns for an error answer.
func answered(status int, err error) error {
	return &smithy.OperationError{ServiceID: "KMS", OperationName: "Decrypt", Err: &awshttp.ResponseError{
		RequestID: "R1",
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
		},
	}}
}

func api(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

func sent(err error) error {
	return &smithy.OperationError{ServiceID: "KMS", OperationName: "Decrypt", Err: &smithyhttp.RequestSendError{
		Err: &url.Error{Op: "Post", URL: "https://kms.eu-west-1.amazonaws.com/", Err: err},
	}}
}

func TestWrap(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	tests := []struct {
		name string
		err  error
		kind error
		text string
	}{
		{"denied", answered(400, api("AccessDeniedException", "User: u is not authorized")), source.ErrDenied, "do: access denied (AccessDeniedException: User: u is not authorized)"},
		{"denied by STS", answered(403, api("AccessDenied", "no")), source.ErrDenied, "do: access denied (AccessDenied: no)"},
		{"context", answered(400, api("InvalidCiphertextException", "")), source.ErrWrongContext, "do: wrong encryption context (InvalidCiphertextException)"},
		{"disabled", answered(400, api("DisabledException", "k is disabled.")), source.ErrDenied, "do: access denied (DisabledException: k is disabled.)"},
		{"pending deletion", answered(400, api("KMSInvalidStateException", "k is pending deletion.")), source.ErrDenied, "do: access denied (KMSInvalidStateException: k is pending deletion.)"},
		{"no key", answered(400, api("NotFoundException", "Alias a is not found.")), source.ErrNoStore, "do: no such store (NotFoundException: Alias a is not found.)"},
		{"no table", answered(400, api("ResourceNotFoundException", "Requested resource not found")), source.ErrNoStore, "do: no such store (ResourceNotFoundException: Requested resource not found)"},
		{"exists", answered(400, api("ConditionalCheckFailedException", "The conditional request failed")), source.ErrExists, "do: already exists (ConditionalCheckFailedException: The conditional request failed)"},
		{"large", answered(400, api("ValidationException", "Item size has exceeded the maximum allowed size")), source.ErrTooLarge, "do: too large for the store (ValidationException: Item size has exceeded the maximum allowed size)"},
		{"invalid", answered(400, api("ValidationException", "other")), nil, "do: ValidationException: other"},
		{"throttled", answered(400, &retry.MaxAttemptsError{Attempt: 10, Err: api("ProvisionedThroughputExceededException", "slow")}), source.ErrThrottled, "do: throttled (ProvisionedThroughputExceededException: slow), after 10 attempts"},
		{"throttled by KMS", answered(400, api("ThrottlingException", "Rate exceeded")), source.ErrThrottled, "do: throttled (ThrottlingException: Rate exceeded)"},
		{"expired", answered(400, api("ExpiredTokenException", "The security token included in the request is expired")), source.ErrCredentials, "do: no usable credentials (ExpiredTokenException: The security token included in the request is expired)"},
		{"unknown identity", answered(400, api("UnrecognizedClientException", "x")), source.ErrCredentials, "do: no usable credentials (UnrecognizedClientException: x)"},
		{"fault", answered(500, api("KMSInternalException", "x")), source.ErrUnreachable, "do: unreachable (KMSInternalException: x)"},
		{"fault with 4xx", answered(400, api("KeyUnavailableException", "x")), source.ErrUnreachable, "do: unreachable (KeyUnavailableException: x)"},
		{"unknown code, 503", answered(503, api("Odd", "")), source.ErrUnreachable, "do: unreachable (Odd)"},
		{"proxy", answered(403, api("UnknownError", "UnknownError")), source.ErrDenied, "do: access denied (UnknownError: UnknownError)"},
		{"refused", sent(refused), source.ErrUnreachable, "do: unreachable (https://kms.eu-west-1.amazonaws.com/: dial: connection refused)"},
		{"time is up", &aws.RequestCanceledError{Err: context.DeadlineExceeded}, source.ErrUnreachable, "do: unreachable (no answer until time ran out)"},
		{"time is up while refused", fmt.Errorf("%w; %w", context.DeadlineExceeded, sent(refused)), source.ErrUnreachable, "do: unreachable (https://kms.eu-west-1.amazonaws.com/: dial: connection refused), until time ran out"},
		{"time is up while throttled", fmt.Errorf("%w; %w", context.DeadlineExceeded, answered(400, api("ThrottlingException", "Rate exceeded"))), source.ErrThrottled, "do: throttled (ThrottlingException: Rate exceeded), until time ran out"},
		{"cancelled", &aws.RequestCanceledError{Err: context.Canceled}, nil, "do: canceled"},
		{"credentials", &wire.CredentialsError{Err: answered(403, api("AccessDenied", "no role"))}, source.ErrCredentials, "do: no usable credentials (AccessDenied: no role)"},
	}
	kinds := []error{
		source.ErrDenied, source.ErrWrongContext, source.ErrNoStore, source.ErrExists, source.ErrTooLarge,
		source.ErrThrottled, source.ErrCredentials, source.ErrUnreachable, source.ErrNotFound,
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := wire.Wrap("do", tt.err)
			if got.Error() != tt.text {
				t.Errorf("got %q\nwant %q", got, tt.text)
			}
			for _, kind := range kinds {
				if is := errors.Is(got, kind); is != errors.Is(tt.kind, kind) {
					t.Errorf("is %v: %v", kind, is)
				}
			}
			if !errors.Is(got, tt.err) {
				t.Error("the SDK's error is lost")
			}
		})
	}
}

// Credentials that AWS cannot hand out just now are out of reach too, so that
// what waits for the network waits for them.
func TestCredentialsError(t *testing.T) {
	refused := sent(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
	tests := []struct {
		name string
		err  *wire.CredentialsError
		also error
		text string
	}{
		{"refused", &wire.CredentialsError{Err: answered(403, api("AccessDenied", "no role"))}, nil, "do: no usable credentials (AccessDenied: no role)"},
		{"network", &wire.CredentialsError{Err: fmt.Errorf("failed to refresh cached credentials, %w", refused)}, source.ErrUnreachable,
			"do: no usable credentials (https://kms.eu-west-1.amazonaws.com/: dial: connection refused)"},
		{"throttled", &wire.CredentialsError{Err: answered(400, api("Throttling", "Rate exceeded"))}, source.ErrThrottled, "do: no usable credentials (Throttling: Rate exceeded)"},
		{"file", &wire.CredentialsError{Err: errors.New("failed to refresh cached credentials, open x: no such file")}, nil, "do: no usable credentials (open x: no such file)"},
		{"nobody to ask", &wire.CredentialsError{Reason: "none", Err: refused}, nil, "do: no usable credentials (none)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := wire.Wrap("do", fmt.Errorf("get identity: %w", tt.err))
			if got.Error() != tt.text {
				t.Errorf("got %q\nwant %q", got, tt.text)
			}
			if !errors.Is(got, source.ErrCredentials) {
				t.Errorf("is not %v", source.ErrCredentials)
			}
			for _, kind := range []error{source.ErrUnreachable, source.ErrThrottled} {
				if is := errors.Is(got, kind); is != errors.Is(tt.also, kind) {
					t.Errorf("is %v: %v", kind, is)
				}
			}
		})
	}
}

// A key that somebody has disabled is a refusal that no waiting ends.
func TestDisabled(t *testing.T) {
	for code, want := range map[string]bool{"DisabledException": true, "KMSInvalidStateException": true, "AccessDeniedException": false} {
		err := wire.Wrap("do", answered(400, api(code, "m")))
		if !errors.Is(err, source.ErrDenied) || errors.Is(err, source.ErrDisabled) != want {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestFacts(t *testing.T) {
	got, ok := errors.AsType[*source.CallError](wire.Wrap("do", answered(400, api("DisabledException", "m"))))
	if !ok || got.Code != "DisabledException" || got.Message != "m" || got.RequestID != "R1" {
		t.Errorf("got %+v", got)
	}
	if wire.Wrap("do", nil) != nil {
		t.Error("nil became an error")
	}
}

// The SDK keeps what it could not read; that may hold a data key.
func TestSnapshotDropped(t *testing.T) {
	const canary = "c2VjcmV0LWNhbmFyeQ=="
	err := wire.Wrap("do", answered(200, &smithy.DeserializationError{
		Err: fmt.Errorf("invalid character in %s", canary), Snapshot: []byte(`{"Plaintext":"` + canary + `"`),
	}))
	if !errors.Is(err, source.ErrUnreachable) {
		t.Errorf("got %v, want %v", err, source.ErrUnreachable)
	}
	if _, kept := errors.AsType[*smithy.DeserializationError](err); kept {
		t.Error("the snapshot is still in the chain")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		if s := fmt.Sprintf(verb, err); strings.Contains(s, canary) {
			t.Errorf("%s shows the response: %s", verb, s)
		}
	}
}
