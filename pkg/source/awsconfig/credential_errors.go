package awsconfig

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// errPanicked: the SDK's own code failed on what it found.
var errPanicked = errors.New("the AWS SDK failed")

// newCredentialsError says why there are no credentials. The SDK's errors are
// only recognized here, by type or by a fragment of their text, and never shown:
// they repeat the output of a credential_process, the answers of credential
// endpoints, and parts of cached tokens.
func newCredentialsError(err error, from origin) error {
	if m, ok := errors.AsType[*metadataError](err); ok {
		return &wire.CredentialsError{Reason: "none in the environment, ~/.aws or the container, and " + m.Error()}
	}
	if m, ok := errors.AsType[*mfaError](err); ok {
		return &wire.CredentialsError{Reason: m.Error()}
	}
	if text := from.describeSession(err); text != "" {
		return &wire.CredentialsError{Reason: text}
	}
	if text, kind := describeContainerEndpoint(err); text != "" {
		return &wire.CredentialsError{Reason: text, Kind: kind}
	}
	if text := describeCredentials(err); text != "" {
		return &wire.CredentialsError{Reason: text}
	}
	return wire.NewCredentialsError(err)
}

// describeCredentials returns "" where AWS or the network is the cause, which
// awserr describes.
func describeCredentials(err error) string {
	if p, ok := errors.AsType[*processcreds.ProviderError](err); ok {
		return "credential_process of the profile: " + describeProcess(p)
	}
	if text := describeProfile(err); text != "" {
		return text
	}
	if e, ok := errors.AsType[*noCredentialsError](err); ok {
		return e.Error()
	}
	text := err.Error() // compared, and not shown
	for _, k := range knownCredentials {
		if strings.Contains(text, k.fragment) {
			return k.words
		}
	}
	return ""
}

// knownCredentials are failures of the SDK's providers that have no type.
var knownCredentials = []struct{ fragment, words string }{
	{"authorization token contains invalid newline", "AWS_CONTAINER_AUTHORIZATION_TOKEN, or the file with it, contains a line break"},
	{"failed to read authorization token", "the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read"},
	{"resolve auth token", "the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read"},
	{"failed to retrieve jwt", "the file of AWS_WEB_IDENTITY_TOKEN_FILE cannot be read"},
	{"response did not contain credentials", "AWS STS returned no credentials"},
	{"EC2 IMDS role credentials", "the instance metadata service returned no credentials"},
	{"empty EC2 IMDS role list", "the instance has no role"},
	{"MFA enabled, but TokenProvider is not set", "the role needs an MFA code, which cannot be entered here"},
	{"static credentials are empty", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set"},
	{"incomplete credentials", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set"},
}

// describeProcess describes a credential_process that failed. Its command line may
// hold a secret, and so may whatever it printed.
func describeProcess(err error) string {
	text := err.Error() // compared, and not shown
	if strings.Contains(text, "credential process timed out") {
		return "it timed out"
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if code := exit.ExitCode(); code >= 0 {
			return fmt.Sprintf("it failed with exit status %d", code)
		}
		return "it was killed by a signal"
	}
	if start, ok := errors.AsType[*exec.Error](err); ok {
		return "it cannot be started: " + wire.Why(start.Err)
	}
	for _, k := range []struct{ fragment, words string }{
		{"parse failed of process output", "its output is not the expected JSON and nothing else (not shown: it may be a credential)"},
		{"wrong version in process output", `the "Version" in its output is not 1`},
		{"missing AccessKeyId", "its output has no AccessKeyId"},
		{"missing SecretAccessKey", "its output has no SecretAccessKey"},
		{"command must not be empty", "it is empty"},
	} {
		if strings.Contains(text, k.fragment) {
			return k.words
		}
	}
	return "it failed"
}

// describeContainerEndpoint describes what the container's credential endpoint answered: it
// is no service of AWS's, and no part of its answer is shown but an error code.
func describeContainerEndpoint(err error) (text string, kind error) {
	if !strings.Contains(err.Error(), "failed to load credentials, ") {
		return "", nil
	}
	status := 0
	if answer, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err); ok {
		status = answer.HTTPStatusCode()
	}
	_, unread := errors.AsType[*smithy.DeserializationError](err)
	switch {
	case status == http.StatusTooManyRequests:
		kind = source.ErrThrottled
	case status >= http.StatusInternalServerError:
		kind = source.ErrUnreachable
	case status == 0 && unread:
		return "the container's credential endpoint returned no credentials", nil
	case status == 0:
		return "", nil // it did not answer
	}
	text = fmt.Sprintf("the container's credential endpoint returned HTTP status %d", status)
	if code := wire.Code(err); code != "" {
		text += ", " + code
	}
	return text, kind
}

// describeProfile describes faults of ~/.aws/config and ~/.aws/credentials.
func describeProfile(err error) string {
	if e, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return fmt.Sprintf("there is no profile %q in ~/.aws/config or ~/.aws/credentials", e.Profile)
	}
	if e, ok := errors.AsType[config.SharedConfigLoadError](err); ok {
		return fmt.Sprintf("%s cannot be read or parsed", e.Filename)
	}
	if e, ok := errors.AsType[config.SharedConfigAssumeRoleError](err); ok {
		return fmt.Sprintf("the source_profile %q of role %s is missing, has no credentials, or leads back to itself", e.Profile, e.RoleARN)
	}
	if e, ok := errors.AsType[config.CredentialRequiresARNError](err); ok {
		return fmt.Sprintf("profile %q has %s and no role_arn", e.Profile, e.Type)
	}
	if _, ok := errors.AsType[config.AssumeRoleTokenProviderNotSetError](err); ok {
		return "the profile has mfa_serial: its role needs an MFA code, which cannot be entered here"
	}
	return ""
}
