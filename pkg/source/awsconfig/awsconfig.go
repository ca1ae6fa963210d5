// Package awsconfig loads AWS configuration: region, credentials, retry policy,
// and HTTP transport. It follows the SDK's environment variables and ~/.aws:
// static keys, web identity, SSO, container and instance roles, endpoints, FIPS,
// dual stack, and CA bundles.
//
// [Load] turns the settings of a store (region, KMS's region, profile, role)
// into SDK configurations; [Open] returns a table and its keys. It differs from
// the SDK's defaults in three ways, each because measurements required it:
//
//   - Retries ([newRetryer]): the SDK's client-side quota fails a batch of
//     requests on a throttled table without waiting.
//   - Connections ([newHTTPClient], [pool]): ten idle ones per host are too few
//     for a batch, and those to KMS are opened while the Queries run.
//   - The instance metadata service (metadata.go) gets one second. Where there is
//     none, the SDK takes four to five seconds, for every request again.
package awsconfig

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
)

var (
	// ErrNoRegion: no setting, variable, profile or instance names a region.
	ErrNoRegion = errors.New("no AWS region")
	// ErrProfileAndRole: both were set. A profile can name a role by itself.
	ErrProfileAndRole = errors.New("a profile and a role exclude each other")
)

// sessionName is the default of Settings.SessionName.
const sessionName = "credrender"

// Settings are what flags and config may say. Empty fields are left to the
// SDK's environment variables and files.
type Settings struct {
	Region    string
	KMSRegion string // empty: Region
	Profile   string // of ~/.aws/config; not with RoleARN
	RoleARN   string // assumed with the credentials that the chain finds
	// SessionName is what CloudTrail shows, and trust policies may ask for, of a
	// role that was assumed; empty: "credrender".
	SessionName string
	// DefaultRegion is used where nothing else names one, before the instance
	// is asked. Only the credstash face has one.
	DefaultRegion string
	// Now is the clock that failed credentials are remembered by; nil: time.Now.
	Now func() time.Time
	// Meter counts what is asked; nil: nothing is counted.
	Meter *Meter
}

// Config holds SDK configurations for making clients. They share one pool of
// connections and one set of credentials.
type Config struct {
	AWS aws.Config // for the tables, and every service but KMS
	KMS aws.Config // the same, in KMS's region
}

// Open returns a table and its keys. Like [Load] it does not ask for
// credentials yet: the first request does.
func Open(ctx context.Context, s Settings, table, key string) (*dynamo.Table, *kms.Keys, error) {
	c, err := Load(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	return dynamo.New(c.AWS, table), kms.New(c.KMS, key), nil
}

// Load reads the environment and ~/.aws. Where they name no region, the
// instance is asked once, for a second at most; then the error is ErrNoRegion.
// It does not ask for credentials: see [Config.CheckCredentials].
func Load(ctx context.Context, s Settings) (Config, error) {
	if s.Profile != "" && s.RoleARN != "" {
		return Config{}, ErrProfileAndRole
	}
	meta := &metadata{}
	cfg, err := config.LoadDefaultConfig(ctx, loadOptions(s, meta)...)
	if err != nil {
		return Config{}, settingsError(err)
	}
	if err := checkEndpoints(ctx, cfg); err != nil {
		return Config{}, err
	}
	meta.client = newMetadataClient(cfg)
	if cfg.Region == "" {
		if cfg.Region, err = meta.region(ctx); err != nil {
			return Config{}, err
		}
	}
	now := s.Now
	if now == nil {
		now = time.Now
	}
	cfg.Retryer = newRetryer(cfg.RetryMode, cfg.RetryMaxAttempts)
	cfg.APIOptions = append(cfg.APIOptions, keepCause)
	connections := newPool(cfg.HTTPClient, s.Meter)
	cfg.HTTPClient = connections
	if s.Meter != nil {
		cfg.HTTPClient = &metered{connections}
		cfg.APIOptions = append(cfg.APIOptions, s.Meter.install)
	}
	cfg.Credentials = &patient{next: cfg.Credentials, now: now}
	if s.RoleARN != "" {
		cfg.Credentials = &patient{next: assumeRole(cfg, s.RoleARN, cmp.Or(s.SessionName, sessionName)), now: now}
	}
	c := Config{AWS: cfg, KMS: cfg.Copy()}
	if s.KMSRegion != "" {
		c.KMS.Region = s.KMSRegion
	}
	return c, nil
}

// CheckCredentials asks for credentials, which are then kept: a cheap way to
// fail once instead of in every request of a wave. The error wraps
// source.ErrCredentials.
func (c Config) CheckCredentials(ctx context.Context) error {
	_, err := c.AWS.Credentials.Retrieve(ctx)
	return err
}

// Account is the account that the credentials say they are of: those of roles,
// SSO and containers do, and whatever AWS_ACCOUNT_ID or aws_account_id goes
// with. "" where they do not, or where there are none; nobody else is asked.
func (c Config) Account(ctx context.Context) string {
	credentials, err := c.AWS.Credentials.Retrieve(ctx)
	if err != nil {
		return ""
	}
	return credentials.AccountID
}

func loadOptions(s Settings, meta *metadata) []func(*config.LoadOptions) error {
	opts := []func(*config.LoadOptions) error{
		config.WithHTTPClient(newHTTPClient()),
		// The SDK logs warnings to stderr by itself, which is the commands' to use.
		config.WithLogger(logging.Nop{}),
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = meta }),
	}
	if s.Region != "" {
		opts = append(opts, config.WithRegion(s.Region))
	}
	if s.DefaultRegion != "" {
		opts = append(opts, config.WithDefaultRegion(s.DefaultRegion))
	}
	if s.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(s.Profile))
	}
	return opts
}

func assumeRole(cfg aws.Config, arn, session string) aws.CredentialsProvider {
	p := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), arn, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = session
	})
	return aws.NewCredentialsCache(p)
}
