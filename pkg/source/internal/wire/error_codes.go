package wire

import (
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// kindOf maps an error code to a sentinel, or nil. Many codes are in no
// service's model (AccessDeniedException, ExpiredTokenException, KMS's
// ThrottlingException), so the SDK has no type for them and the code decides.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func kindOf(code, message string) error {
	switch code {
	case "AccessDeniedException", "AccessDenied":
		return source.ErrDenied
	case "InvalidKeyUsageException": // a key that does not encrypt: no matter of rights
		return source.ErrUnsupported
	case "InvalidCiphertextException":
		return source.ErrWrongContext
	case "ResourceNotFoundException", "NotFoundException", "NoSuchBucket":
		return source.ErrNoStore
	case "NoSuchKey", "NoSuchVersion":
		return source.ErrNotFound
	case "ConditionalCheckFailedException":
		return source.ErrExists
	case "ValidationException":
		if strings.Contains(message, "Item size has exceeded") {
			return source.ErrTooLarge
		}
		return nil
	}
	switch {
	case isKeyState(code):
		return source.ErrDenied
	case isThrottle(code):
		return source.ErrThrottled
	case IsCredentials(code):
		return source.ErrCredentials
	case isFault(code):
		return source.ErrUnreachable
	}
	return nil
}

// isKeyState lists what a key says that is disabled, or pending deletion: it
// refuses everybody until somebody changes it. For a caller that is a refusal,
// no absence.
func isKeyState(code string) bool {
	switch code {
	case "DisabledException", "KMSInvalidStateException":
		return true
	}
	return false
}

// ofClock reports whether AWS refuses a signature for its time
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html).
func ofClock(code, message string) bool {
	switch code {
	case "RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed":
		return true
	case "InvalidSignatureException", "SignatureDoesNotMatch":
		return strings.HasPrefix(message, "Signature expired") || strings.HasPrefix(message, "Signature not yet current")
	}
	return false
}

func isThrottle(code string) bool {
	switch code {
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded",
		"ThrottlingException", "Throttling", "ThrottledException",
		"RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "BandwidthLimitExceeded", "SlowDown":
		return true
	}
	return false
}

// IsCredentials lists what is said of an identity, not of what it may do.
func IsCredentials(code string) bool {
	switch code {
	case "ExpiredTokenException", "ExpiredToken", "RequestExpired",
		"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature",
		"MissingAuthenticationTokenException", "MissingAuthenticationToken":
		return true
	}
	return false
}

// isFault lists failures at AWS's end. They usually come with a 5xx, but KMS
// sends KeyUnavailableException and others with 4xx from custom key stores.
func isFault(code string) bool {
	switch code {
	case "InternalServerError", "InternalFailure", "InternalServiceError", "InternalServerException",
		"ServiceUnavailable", "ServiceUnavailableException",
		"KMSInternalException", "KeyUnavailableException", "DependencyTimeoutException",
		"RequestTimeout", "RequestTimeoutException":
		return true
	}
	return false
}
