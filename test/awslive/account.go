package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// account is where a run happens, and the names of what it makes there.
type account struct {
	options
	prefix string
	region string
	caller string // the ARN of whoever runs this

	dynamodb *dynamodb.Client
	iam      *iam.Client
	kms      *kms.Client
	s3       *s3.Client
	secrets  *secretsmanager.Client
	ssm      *ssm.Client
}

// tagKey marks what a run made, with the prefix as its value.
const tagKey = "credrender-live"

// The names of what a run makes.
func (a *account) table() string     { return a.prefix }
func (a *account) alias() string     { return "alias/" + a.prefix }
func (a *account) bucket() string    { return a.prefix }
func (a *account) role() string      { return a.prefix + "-reader" }
func (a *account) parameter() string { return "/" + a.prefix + "/token" }
func (a *account) secret() string    { return a.prefix + "/app" }

func (a *account) roleARN() string {
	return "arn:" + partition(a.caller) + ":iam::" + a.account + ":role/" + a.role()
}

func partition(arn string) string { return strings.Split(arn, ":")[1] }

// openAccount loads the user's own configuration and makes sure that it leads
// to the account that was named.
func openAccount(ctx context.Context, o options) (*account, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryer(func() aws.Retryer {
		return retry.NewStandard(func(so *retry.StandardOptions) { so.MaxAttempts = 8 })
	}))
	if err != nil {
		return nil, fmt.Errorf("load AWS settings: %w", err)
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("%w: no AWS region: set AWS_REGION", errRefused)
	}
	is, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("get caller identity: %w", err)
	}
	if got := aws.ToString(is.Account); got != o.account {
		return nil, fmt.Errorf("%w: the credentials belong to account %s, not %s", errRefused, got, o.account)
	}
	a := &account{
		options: o, prefix: o.clean, region: cfg.Region, caller: aws.ToString(is.Arn),
		dynamodb: dynamodb.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg),
		s3:      s3.NewFromConfig(cfg, func(so *s3.Options) { so.UsePathStyle = o.emulated }),
		secrets: secretsmanager.NewFromConfig(cfg), ssm: ssm.NewFromConfig(cfg),
	}
	if strings.HasSuffix(a.caller, ":root") && !o.emulated {
		return nil, fmt.Errorf("%w: the root user cannot assume roles: use a user or a role", errRefused)
	}
	if a.prefix == "" {
		a.prefix = "credrender-live-" + randomHex(4)
	}
	return a, nil
}

// randomHex cannot fail: rand.Read ends the program first.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// absent reports whether AWS says that something does not exist.
func absent(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "ResourceNotFoundException", "NotFoundException", "NoSuchEntity", "NoSuchEntityException", "NoSuchBucket", "NotFound", "ParameterNotFound":
		return true
	}
	return false
}

func denied(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException"
}

func say(format string, a ...any) { fmt.Fprintf(os.Stdout, format+"\n", a...) }
