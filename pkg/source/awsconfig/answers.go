package awsconfig

import (
	"context"
	"reflect"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// credentialFields are the fields that the SDK's providers dereference in an answer, by
// operation. The SDK does not check them: an empty answer with status 200 is a nil
// pointer, and the panic happens in a goroutine of the credentials cache, where nothing
// can recover.
var credentialFields = map[string][]string{
	"AssumeRole":                {"Credentials.AccessKeyId", "Credentials.SecretAccessKey", "Credentials.SessionToken", "Credentials.Expiration"},
	"AssumeRoleWithWebIdentity": {"Credentials.AccessKeyId", "Credentials.SecretAccessKey", "Credentials.SessionToken", "Credentials.Expiration"},
	"GetRoleCredentials":        {"RoleCredentials.AccessKeyId", "RoleCredentials.SecretAccessKey", "RoleCredentials.SessionToken"},
	"CreateOAuth2Token": {
		"TokenOutput.AccessToken.AccessKeyId", "TokenOutput.AccessToken.SecretAccessKey", "TokenOutput.AccessToken.SessionToken",
		"TokenOutput.ExpiresIn", "TokenOutput.RefreshToken",
	},
}

// noCredentialsError: a service answered, and left credentials out.
type noCredentialsError struct{ service string }

func (e *noCredentialsError) Error() string {
	return "AWS " + e.service + " returned no credentials"
}

// complete fails calls whose answer lacks credentials. It belongs inside [recovered].
func complete(stack *middleware.Stack) error {
	check := middleware.InitializeMiddlewareFunc("CompleteCredentials", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, md, err := next.HandleInitialize(ctx, in)
		if err != nil {
			return out, md, err
		}
		operation := awsmiddleware.GetOperationName(ctx)
		if !isOutput(out.Result, operation) {
			return out, md, nil
		}
		for _, path := range credentialFields[operation] {
			if !holds(reflect.ValueOf(out.Result), strings.Split(path, ".")) {
				return out, md, &noCredentialsError{awsmiddleware.GetServiceID(ctx)}
			}
		}
		return out, md, nil
	})
	return stack.Initialize.Add(check, middleware.After) // the middleware that registers the names
}

// isOutput reports whether result is the output of operation. The clients of containers
// and of instance metadata set no name of an operation: asked for the credentials that
// sign an AssumeRole, they inherit its name with its context.
func isOutput(result any, operation string) bool {
	t := reflect.TypeOf(result)
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().Name() == operation+"Output"
}

// holds reports whether v, a pointer, and all pointers along the path are set. A field
// that the SDK has renamed is one that is not set.
func holds(v reflect.Value, path []string) bool {
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return false
	}
	if len(path) == 0 {
		return true
	}
	return holds(v.Elem().FieldByName(path[0]), path[1:])
}
