// Package awsconfig loads AWS configuration: region, credentials, retry policy,
// and HTTP transport. It follows the SDK's environment variables and ~/.aws:
// static keys, web identity, SSO, container and instance roles, endpoints, FIPS,
// dual stack, and CA bundles.
//
// [Load] turns [Options] into a [Config], of which the packages of the sources
// make their clients:
//
//	c, err := awsconfig.Load(ctx, awsconfig.Options{})
//	...
//	table, keys := dynamo.New(c.AWS, "credential-store"), kms.New(c.KMS, "")
//
// It differs from the SDK's defaults in four ways, each because measurements
// required it:
//
//   - Retries ([newRetryer]): the SDK's client-side quota fails a batch of
//     requests on a throttled table without waiting.
//   - Connections ([transport]): ten idle ones per host are too few for a batch,
//     and those to KMS are opened while the Queries run.
//   - Answers ([answers]): one that a hop repeats is not taken for the next.
//   - The instance metadata service (metadata.go) gets one second. Where there is
//     none, the SDK takes four to five seconds, for every request again.
//
// net/http logs by package log what arrives on a connection that nobody uses,
// its first bytes included, which may be a secret's: see [Redact].
package awsconfig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/credrender/credrender/pkg/source"
)

var (
	// ErrNoRegion: no setting, variable, profile or instance names a region.
	ErrNoRegion = errors.New("no AWS region")
	// ErrProfileAndRole: both were set. A profile can name a role by itself.
	ErrProfileAndRole = errors.New("a profile and a role exclude each other")
)

// sessionName is the default of Options.SessionName.
const sessionName = "credrender"

// Options are what flags and config may say. Empty fields are left to the
// SDK's environment variables and files, or have the defaults below.
type Options struct {
	Region    string
	KMSRegion string // empty: Region
	Profile   string // of ~/.aws/config; not with RoleARN
	RoleARN   string // assumed with the credentials that the chain finds
	// SessionName is what CloudTrail shows, and trust policies may ask for, of a
	// role that was assumed; empty: "credrender".
	SessionName string
	// DefaultRegion is used where nothing else names one, before the instance
	// is asked. Only the credstash command line has one.
	DefaultRegion string
	// MFA asks for the current code of an MFA device, which the role of a profile
	// with mfa_serial takes. It fails with [ErrNoTerminal] where there is nobody to
	// ask; nil: there never is.
	MFA func(ctx context.Context, serial string) (code string, err error)
	// Now is the clock that failed credentials are remembered by; nil: time.Now.
	Now func() time.Time

	// MaxAttempts bounds the attempts at a request; 0: AWS_MAX_ATTEMPTS, the
	// profile, or 10, and 20 where AWS says "slow down".
	MaxAttempts int
	// How long one attempt may take to connect (5s), for a TLS handshake (5s), and
	// from the request sent to the first byte of the answer (15s).
	DialTimeout, TLSTimeout, AnswerTimeout time.Duration
	// OneShot is for a process that ends after a batch or two: fewer connections
	// than requests, by the distance of the host.
	OneShot bool
	// Transport wraps what sends requests, for example by
	// otelhttp.NewTransport; nil: nothing does. It is called twice.
	Transport func(http.RoundTripper) http.RoundTripper
	// Observer is told of every attempt, as tracing wants; nil: nobody is.
	Observer source.Observer
	// Meter counts what is asked; nil: nothing is counted.
	Meter *Meter
}

// Config holds configurations for making clients. They share one pool of
// connections and one set of credentials.
type Config struct {
	AWS Client // for the tables, and every service but KMS
	KMS Client // the same, in KMS's region
}

// Client is what the packages of the sources make their clients of: the SDK's
// configuration, and what they can do with more than that. The zero values of the
// other fields do nothing. [Load] sets them all. A Client with an HTTP client of
// another make has connections as that makes them, and no protection against
// repeated answers.
type Client struct {
	aws.Config
	Observer source.Observer
	// ReadUnits is told DynamoDB's read capacity units, which are asked for only
	// where it is set: policies may forbid that.
	ReadUnits func(float64)
	// Preconnect makes connections to the host of rawURL until n are open, and at
	// the end of ctx closes those that no request has used; then it returns.
	Preconnect func(ctx context.Context, rawURL string, n int)
}

// Load reads the environment and ~/.aws. Where they name no region, the
// instance is asked once, for a second at most; then the error is ErrNoRegion.
// It does not ask for credentials: see [Config.CheckCredentials].
func Load(ctx context.Context, o Options) (Config, error) {
	if o.Profile != "" && o.RoleARN != "" {
		return Config{}, ErrProfileAndRole
	}
	meta, client, role := &metadata{}, newHTTPClient(o), &roles{ask: o.MFA}
	cfg, err := loadDefault(ctx, loadOptions(o, meta, client, role))
	if err != nil {
		return Config{}, settingsError(err)
	}
	if err := checkEndpoints(ctx, cfg); err != nil {
		return Config{}, err
	}
	if err := checkRegions(o, cfg); err != nil {
		return Config{}, err
	}
	meta.client = newMetadataClient(cfg, &meta.seen)
	role.endpoint = cfg.BaseEndpoint
	if cfg.Region == "" {
		if cfg.Region, err = meta.region(ctx); err != nil {
			return Config{}, err
		}
		if !isRegion(cfg.Region) { // its text is not shown: anything may answer there
			return Config{}, fmt.Errorf("%w: the answer of the instance metadata service is not the name of one", ErrRegion)
		}
	}
	if trusting, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok { // with AWS_CA_BUNDLE
		client = trusting
	}
	t := newTransport(client, o)
	c := Client{Config: cfg, Observer: o.observer(), Preconnect: t.preconnect}
	if o.Meter != nil {
		c.ReadUnits = o.Meter.readUnits
	}
	c.HTTPClient = t
	c.Retryer = newRetryer(cfg.RetryMode, cmp.Or(o.MaxAttempts, cfg.RetryMaxAttempts))
	c.APIOptions = append(c.APIOptions, keepCause, waiting, observe(c.Observer))
	o.identify(&c, role)
	both := Config{AWS: c, KMS: c}
	both.KMS.Config = c.Copy()
	both.KMS.Region = cmp.Or(o.KMSRegion, c.Region)
	return both, nil
}

// observer is that of the options, and their meter.
func (o Options) observer() source.Observer {
	if o.Meter == nil {
		return source.Observers(o.Observer)
	}
	return source.Observers(o.Meter, o.Observer)
}

// identify completes the credentials.
func (o Options) identify(c *Client, role *roles) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	chain, running := withProcess(c.Config, role)
	c.Credentials = &patient{next: chain, now: now, processes: running, place: newPlace(c.Config)}
	if o.RoleARN != "" {
		c.Credentials = &patient{next: assumeRole(c.Config, o.RoleARN, cmp.Or(o.SessionName, sessionName)), now: now, processes: running}
	}
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

func loadOptions(o Options, meta *metadata, client *awshttp.BuildableClient, role *roles) []func(*config.LoadOptions) error {
	opts := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithAPIOptions([]func(*middleware.Stack) error{recovered}),
		// The SDK logs warnings to stderr by itself, which is the commands' to use.
		config.WithLogger(logging.Nop{}),
		config.WithEC2RoleCredentialOptions(func(r *ec2rolecreds.Options) { r.Client = meta }),
		config.WithEndpointCredentialOptions(func(e *endpointcreds.Options) { e.HTTPClient = withoutProxy(newHTTPClient(o)) }),
		config.WithAssumeRoleCredentialOptions(role.option),
		config.WithWebIdentityRoleCredentialOptions(role.webIdentity),
	}
	if o.Region != "" {
		opts = append(opts, config.WithRegion(o.Region))
	}
	if o.DefaultRegion != "" {
		opts = append(opts, config.WithDefaultRegion(o.DefaultRegion))
	}
	if o.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(o.Profile))
	}
	return opts
}

func assumeRole(cfg aws.Config, arn, session string) aws.CredentialsProvider {
	p := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), arn, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = session
	})
	return aws.NewCredentialsCache(p)
}
