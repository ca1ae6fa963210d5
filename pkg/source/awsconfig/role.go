package awsconfig

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

// ErrNoTerminal is returned by Options.MFA if it cannot prompt.
var ErrNoTerminal = errors.New("there is no terminal to enter it on")

// mfaError: there is no MFA code.
type mfaError struct {
	serial string
	cause  error
}

func (e *mfaError) Error() string {
	if errors.Is(e.cause, ErrNoTerminal) {
		return fmt.Sprintf("the role of the profile needs an MFA code of %s, and %v", e.serial, e.cause)
	}
	return fmt.Sprintf("the role of the profile needs an MFA code of %s: %v", e.serial, e.cause)
}

// roles configures the STS clients of profiles, which the SDK makes before it reads
// AWS_ENDPOINT_URL.
type roles struct {
	ask      func(ctx context.Context, serial string) (string, error) // nil: no prompt is possible
	endpoint *string                                                  // nil: the default; set once, before any request
}

// option makes a provider assume its role through a roleClient.
func (r *roles) option(o *stscreds.AssumeRoleOptions) {
	if o.SerialNumber != nil {
		// AssumeRole prompts for the code, since it has a context.
		o.TokenProvider = func() (string, error) { return "", nil }
	}
	if o.Client != nil {
		o.Client = &roleClient{o.Client, r}
	}
}

// webIdentity does the same for web identities.
func (r *roles) webIdentity(o *stscreds.WebIdentityRoleOptions) {
	if o.Client != nil {
		o.Client = &identityClient{o.Client, r}
	}
}

func (r *roles) configure(o *sts.Options) {
	if o.BaseEndpoint == nil {
		o.BaseEndpoint = r.endpoint
	}
	o.APIOptions = append(o.APIOptions, keepCause)
}

type roleClient struct {
	next  stscreds.AssumeRoleAPIClient
	roles *roles
}

// AssumeRole implements stscreds.AssumeRoleAPIClient.
func (c *roleClient) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, opts ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	if in.SerialNumber != nil {
		code, err := c.roles.code(ctx, *in.SerialNumber)
		if err != nil {
			return nil, err
		}
		in.TokenCode = aws.String(code)
	}
	end := limit.Wait(ctx, limit.Subject{Name: "STS", Operation: "AssumeRole"})
	out, err := c.next.AssumeRole(ctx, in, append(opts, c.roles.configure)...)
	end(wire.Answered(err))
	return out, err
}

// code prompts for an MFA code. The time limit does not include the prompt.
func (r *roles) code(ctx context.Context, serial string) (string, error) {
	if r.ask == nil {
		return "", &mfaError{serial, ErrNoTerminal}
	}
	defer limit.Pause(ctx)()
	code, err := r.ask(caller(ctx), serial)
	if err != nil {
		return "", &mfaError{serial, err}
	}
	return code, nil
}

type identityClient struct {
	next  stscreds.AssumeRoleWithWebIdentityAPIClient
	roles *roles
}

// AssumeRoleWithWebIdentity implements stscreds.AssumeRoleWithWebIdentityAPIClient.
func (c *identityClient) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, opts ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	end := limit.Wait(ctx, limit.Subject{Name: "STS", Operation: "AssumeRoleWithWebIdentity"})
	out, err := c.next.AssumeRoleWithWebIdentity(ctx, in, append(opts, c.roles.configure)...)
	end(wire.Answered(err))
	return out, err
}

// callerKey is the key of the caller's context, which the SDK's credentials cache hides.
type callerKey struct{}

func caller(ctx context.Context) context.Context {
	if c, ok := ctx.Value(callerKey{}).(context.Context); ok {
		return c
	}
	return ctx
}
