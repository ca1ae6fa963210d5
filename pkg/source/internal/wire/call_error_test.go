package wire_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

const (
	canary     = "hunter2/c4n4ry+Value"
	keyARN     = "arn:aws:kms:eu-west-1:123456789012:key/k"
	userDenied = "User: arn:aws:sts::123456789012:assumed-role/web/i-0 is not authorized to perform: kms:Decrypt on resource: " + keyARN
)

// answered is what the SDK returns for an error answer.
func answered(status int, err error, headers ...string) error {
	header := http.Header{}
	for _, h := range headers {
		header.Set(h, "x")
	}
	return &smithy.OperationError{ServiceID: "KMS", OperationName: "Decrypt", Err: &awshttp.ResponseError{
		RequestID: "R1",
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: header, Request: &http.Request{URL: &url.URL{Host: "kms.example", User: url.UserPassword("u", canary)}}}}, Err: err,
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
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	tests := []struct {
		name string
		err  error
		kind error
		text string
	}{
		{"denied", answered(400, api("AccessDeniedException", userDenied)), source.ErrDenied, "do: access denied (AccessDeniedException: " + userDenied + ")"},
		{"denied by STS", answered(403, api("AccessDenied", "no")), source.ErrDenied, "do: access denied (AccessDenied)"},
		{"context", answered(400, api("InvalidCiphertextException", "")), source.ErrWrongContext, "do: wrong encryption context (InvalidCiphertextException)"},
		{"disabled", answered(400, api("DisabledException", keyARN+" is disabled.")), source.ErrDenied, "do: key disabled or pending deletion (DisabledException: " + keyARN + " is disabled.)"},
		{"pending deletion", answered(400, api("KMSInvalidStateException", keyARN+" is pending deletion.")), source.ErrDenied, "do: key disabled or pending deletion (KMSInvalidStateException: " + keyARN + " is pending deletion.)"},
		{"no key", answered(400, api("NotFoundException", "Alias alias/a is not found.")), source.ErrNoStore, "do: no such key (NotFoundException: Alias alias/a is not found.)"},
		{"no table", answered(400, api("ResourceNotFoundException", "Requested resource not found")), source.ErrNoStore, "do: no such store (ResourceNotFoundException: Requested resource not found)"},
		{"exists", answered(400, api("ConditionalCheckFailedException", "The conditional request failed")), source.ErrExists, "do: already exists (ConditionalCheckFailedException: The conditional request failed)"},
		{"large", answered(400, api("ValidationException", "Item size has exceeded the maximum allowed size")), source.ErrTooLarge, "do: too large for the store (ValidationException: Item size has exceeded the maximum allowed size)"},
		{"invalid", answered(400, api("ValidationException", "other")), nil, "do: ValidationException"},
		{"throttled", answered(400, &retry.MaxAttemptsError{Attempt: 10, Err: api("ProvisionedThroughputExceededException", "slow")}), source.ErrThrottled, "do: throttled (ProvisionedThroughputExceededException), after 10 attempts"},
		{"throttled by KMS", answered(400, api("ThrottlingException", "Rate exceeded")), source.ErrThrottled, "do: throttled (ThrottlingException: Rate exceeded)"},
		{"expired", answered(400, api("ExpiredTokenException", "The security token included in the request is expired")), source.ErrCredentials, "do: no usable credentials (ExpiredTokenException: The security token included in the request is expired)"},
		{"unknown identity", answered(400, api("UnrecognizedClientException", "x")), source.ErrCredentials, "do: no usable credentials (UnrecognizedClientException)"},
		{"fault", answered(500, api("KMSInternalException", "x")), source.ErrUnreachable, "do: unreachable (KMSInternalException)"},
		{"fault with 4xx", answered(400, api("KeyUnavailableException", "x")), source.ErrUnreachable, "do: unreachable (KeyUnavailableException)"},
		{"unknown code, 503", answered(503, api("Odd", "")), source.ErrUnreachable, "do: unreachable (Odd)"},
		{"proxy", answered(403, api("UnknownError", "UnknownError")), source.ErrUnreachable, "do: unreachable (HTTP status 403 from kms.example, without an error code of AWS)"},
		{"proxy's page", answered(407, &smithy.DeserializationError{Err: errors.New("invalid character '<'")}), source.ErrUnreachable, "do: unreachable (HTTP status 407 from kms.example, without an error code of AWS)"},
		{"proxy's limit", answered(429, api("UnknownError", "UnknownError")), source.ErrThrottled, "do: throttled (HTTP status 429 from kms.example, without an error code of AWS)"},
		{"redirect", answered(302, api("UnknownError", "UnknownError")), source.ErrUnreachable, "do: unreachable (HTTP status 302 from kms.example, without an error code of AWS)"},
		{"clock", answered(400, api("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)")), source.ErrCredentials, "do: the clock of this machine is wrong (InvalidSignatureException: Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.))"},
		{"clock of S3", answered(403, api("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")), source.ErrCredentials, "do: the clock of this machine is wrong (RequestTimeTooSkewed: The difference between the request time and the current time is too large.)"},
		{"key of another use", answered(400, api("InvalidKeyUsageException", "x")), nil, "do: unsupported format (InvalidKeyUsageException)"},
		{"S3 to HEAD", answered(403, api("Forbidden", ""), "X-Amz-Request-Id"), source.ErrDenied, "do: access denied (Forbidden)"},
		{"proxy to HEAD", answered(403, api("Forbidden", "")), source.ErrUnreachable, "do: unreachable (HTTP status 403 from kms.example, without an error code of AWS)"},
		{"no code", answered(400, api("wJalrXUtnFEMI/K7MDENG", "x")), source.ErrUnreachable, "do: unreachable (HTTP status 400 from kms.example, without an error code of AWS)"},
		{"refused", sent(refused), source.ErrUnreachable, "do: unreachable (kms.eu-west-1.amazonaws.com: dial: connection refused)"},
		{"time is up", &aws.RequestCanceledError{Err: context.DeadlineExceeded}, source.ErrUnreachable, "do: unreachable (no answer before the timeout)"},
		{"time is up while refused", fmt.Errorf("%w; %w", context.DeadlineExceeded, sent(refused)), source.ErrUnreachable, "do: unreachable (kms.eu-west-1.amazonaws.com: dial: connection refused), until the timeout"},
		{"time is up while throttled", fmt.Errorf("%w; %w", context.DeadlineExceeded, answered(400, api("ThrottlingException", "Rate exceeded"))), source.ErrThrottled, "do: throttled (ThrottlingException: Rate exceeded), until the timeout"},
		{"cancelled", &aws.RequestCanceledError{Err: context.Canceled}, nil, "do: canceled"},
		{"credentials", wire.NewCredentialsError(answered(403, api("AccessDenied", "no role"))), source.ErrCredentials, "do: no usable credentials (AccessDenied)"},
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
			if _, ours := tt.err.(*wire.CredentialsError); !ours && errors.Is(got, tt.err) {
				t.Error("the SDK's error is in the chain")
			}
		})
	}
}

// Credentials that AWS cannot hand out just now are out of reach too, so that
// what waits for the network waits for them.
func TestCredentialsError(t *testing.T) {
	refused := sent(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	tests := []struct {
		name string
		err  *wire.CredentialsError
		also error
		text string
	}{
		{"refused", wire.NewCredentialsError(answered(403, api("AccessDenied", "no role"))), nil, "do: no usable credentials (AccessDenied)"},
		{"network", wire.NewCredentialsError(fmt.Errorf("failed to refresh cached credentials, %w", refused)), source.ErrUnreachable,
			"do: no usable credentials (kms.eu-west-1.amazonaws.com: dial: connection refused)"},
		{"throttled", wire.NewCredentialsError(answered(400, api("Throttling", "Rate exceeded"))), source.ErrThrottled, "do: no usable credentials (Throttling: Rate exceeded)"},
		{"file", wire.NewCredentialsError(fmt.Errorf("failed to refresh cached credentials, %w", &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT})), nil, "do: no usable credentials (open x: no such file or directory)"},
		{"nobody to ask", &wire.CredentialsError{Reason: "none"}, nil, "do: no usable credentials (none)"},
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
	got, ok := errors.AsType[*source.CallError](wire.Wrap("do", answered(400, api("DisabledException", "Access Denied"))))
	if !ok || got.Code != "DisabledException" || got.Message != "Access Denied" || got.RequestID != "R1" {
		t.Errorf("got %+v", got)
	}
	if wire.Wrap("do", nil) != nil {
		t.Error("nil became an error")
	}
}

// What AWS, a proxy or a credential endpoint answers may hold a secret in any
// place. No verb shows any of it.
func TestForeignTextDropped(t *testing.T) {
	for name, err := range map[string]error{
		"message":        answered(400, api("ValidationException", "Value '"+canary+"' at 'value' failed to satisfy constraint")),
		"signature":      answered(403, api("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been 'POST\n/\n\nx-amz-security-token:"+canary+"'")),
		"behind a known": answered(403, api("AccessDenied", userDenied+" "+canary)),
		"resource":       answered(403, api("AccessDenied", "User: "+canary+" is not authorized to perform: kms:Decrypt")),
		"code":           answered(403, api(canary, "")),
		"header":         sent(fmt.Errorf("net/http: HTTP/1.x transport connection broken: malformed HTTP response %q", canary)),
		"user":           &url.Error{Op: "Post", URL: "http://user:" + canary + "@host/", Err: syscall.ECONNREFUSED},
		"slash":          &url.Error{Op: "Post", URL: "http://user:1/" + canary + "@host/", Err: syscall.ECONNREFUSED},
		"parse":          &url.Error{Op: "parse", URL: "http://user:" + canary + "#@host", Err: errors.New("invalid port " + canary)},
		"proxy":          sent(fmt.Errorf("invalid proxy address %q: %w", canary, &url.Error{Op: "parse", URL: canary, Err: errors.New(canary)})),
		"certificate":    sent(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{canary}}, Host: "h"}),
		"unknown":        errors.New(canary),
		"json":           &smithy.SerializationError{Err: errors.New(canary)},
		"credentials":    wire.NewCredentialsError(fmt.Errorf("get identity: %w", errors.New(canary))),
		"panic":          fmt.Errorf("%w: %s", context.DeadlineExceeded, canary),
	} {
		wrapped := wire.Wrap("do", fmt.Errorf("get identity: %w", err))
		for e := range chain(wrapped) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
				if s := fmt.Sprintf(verb, e); strings.Contains(s, canary) {
					t.Errorf("%s: %s of a %T: %s", name, verb, e, s)
				}
			}
		}
	}
}

// chain walks an error and all that it wraps.
func chain(err error) iter.Seq[error] {
	return func(yield func(error) bool) {
		all := []error{err}
		for len(all) > 0 {
			err := all[0]
			if all = all[1:]; !yield(err) {
				return
			}
			switch e := err.(type) {
			case interface{ Unwrap() error }:
				if next := e.Unwrap(); next != nil {
					all = append(all, next)
				}
			case interface{ Unwrap() []error }:
				all = append(all, e.Unwrap()...)
			}
		}
	}
}

// Sentences that AWS answers with are shown, up to where it fills in more.
func TestSentence(t *testing.T) {
	for message, want := range map[string]string{
		userDenied: userDenied,
		userDenied + " because no identity-based policy allows the kms:Decrypt action":                         userDenied + " because no identity-based policy allows the kms:Decrypt action",
		userDenied + " with an explicit deny in a service control policy":                                      userDenied + " with an explicit deny in a service control policy",
		userDenied + " because hunter2":                                                                        userDenied,
		"Signature expired: 20240101T000000Z is now earlier than 20240101T001000Z (20240101T001500Z - 5 min.)": "Signature expired: 20240101T000000Z is now earlier than 20240101T001000Z (20240101T001500Z - 5 min.)",
		"Secrets Manager can't find the specified secret.":                                                     "Secrets Manager can't find the specified secret",
		"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT":                  "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
		"Requested resource not found: Table: credential-store not found":                                      "Requested resource not found: Table: credential-store not found",
		"Alias arn:aws:kms:eu-west-1:123456789012:alias/a is not found.":                                       "Alias arn:aws:kms:eu-west-1:123456789012:alias/a is not found.",
		"Alias hunter2hunter2 is not found.":                                                                   "",
		"Rate exceeded":                                                                                        "Rate exceeded",
		"One or more parameter values were invalid: hunter2":                                                   "",
		"x Rate exceeded": "",
		"":                "",
	} {
		if got := wire.Sentence(message); got != want {
			t.Errorf("%q: got %q, want %q", message, got, want)
		}
	}
}

// The codes of AWS's services have a form that no key, token or password has.
func TestCodes(t *testing.T) {
	for code, want := range map[string]bool{
		"AccessDenied": true, "ThrottlingException": true, "SlowDown": true, "NoSuchKey": true, "InvalidS3ObjectException": true,
		"AWS.SimpleQueueService.NonExistentQueue": true, "KMSInvalidStateException": true, "Forbidden": true, "UnknownError": false,
		"AKIAIOSFODNN7EXAMPLE": false, "ASIAIOSFODNNEXAMPLES": false, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": false,
		"hunter2": false, "correct horse": false, "correcthorse": false, "Tr0ub4dor": false, "a.b": false, "": false,
	} {
		if got := wire.Code(api(code, "")) != ""; got != want {
			t.Errorf("%q is shown: %v", code, got)
		}
	}
}

// The SDK keeps what it could not read; that may hold a data key.
func TestSnapshotDropped(t *testing.T) {
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
