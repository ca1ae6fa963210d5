package awsconfig

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Identity is who requests are made as.
type Identity struct {
	ARN       string // of a user, or of a session of a role
	Account   string
	Partition string // aws, aws-cn, aws-us-gov
	// Source is where the SDK found the credentials, in its own words.
	Source string
	// Skew is how far STS's clock is before the machine's.
	Skew time.Duration
}

// Role is the ARN of the role that the identity is a session of, as grants and
// policies name it, or "" for others. The ARN of a session does not have the
// role's path: a role that has one is not named rightly.
func (i Identity) Role() string {
	_, session, ok := strings.Cut(i.ARN, ":assumed-role/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(session, "/")
	return "arn:" + i.Partition + ":iam::" + i.Account + ":role/" + name
}

// Identity asks STS who the credentials are of. No policy can forbid that
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func (c Config) Identity(ctx context.Context) (Identity, error) {
	credentials, err := c.AWS.Credentials.Retrieve(ctx)
	if err != nil {
		return Identity{}, wire.Wrap("find credentials", err)
	}
	out, err := sts.NewFromConfig(c.AWS.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, wire.Wrap("get the caller identity", err)
	}
	id := Identity{ARN: aws.ToString(out.Arn), Account: aws.ToString(out.Account), Source: credentials.Source}
	id.Skew, _ = middleware.GetAttemptSkew(out.ResultMetadata)
	if parts := strings.SplitN(id.ARN, ":", 3); len(parts) == 3 {
		id.Partition = parts[1]
	}
	return id, nil
}
