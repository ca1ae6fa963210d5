// Package awsconfig loads AWS configuration: region, credentials, retry policy,
// and HTTP transport. It follows the SDK's environment variables and ~/.aws:
// static keys, web identity, SSO, container and instance roles, endpoints, FIPS,
// dual stack, and CA bundles.
//
// [Load] turns [Options] into a [Config]. The packages of the sources make their
// clients from it:
//
//	c, err := awsconfig.Load(ctx, awsconfig.Options{})
//	...
//	table, keys := dynamo.New(c.AWS, "credential-store"), kms.New(c.KMS, "")
//
// It differs from the SDK's defaults in four ways, each because measurements
// required it:
//
//   - Retries (retry.go). The SDK's client-side quota fails a batch of requests on a
//     throttled table without waiting.
//   - Connections (connections.go). Ten idle connections per host are too few for a
//     batch. Those to KMS are opened while the Queries run.
//   - Repeated answers (repeated.go). If a hop sends an answer twice, the repeat is
//     not taken for the answer to the next request.
//   - Instance metadata (metadata.go). The service gets one second. Without it, the
//     SDK spends four to five seconds on every request.
//
// If bytes arrive on an idle connection, net/http writes the first of them, which may
// be part of a secret, to package log. [Redact] keeps them back.
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
	// ErrNoRegion: neither settings, variables, the profile nor the instance have a region.
	ErrNoRegion = errors.New("no AWS region")
	// ErrProfileAndRole: both are set. A profile can have a role of its own.
	ErrProfileAndRole = errors.New("a profile and a role cannot be combined")
)

// sessionName is the default of Options.SessionName.
const sessionName = "credrender"

// Options are the settings of flags and configuration. For empty fields the SDK's
// environment variables and files count, then the defaults below.
type Options struct {
	Region    string
	KMSRegion string // empty: Region
	Profile   string // of ~/.aws/config; not with RoleARN
	RoleARN   string // assumed with the credentials of the environment
	// SessionName is the session name of an assumed role. CloudTrail shows it, and trust
	// policies may require it. Empty: "credrender".
	SessionName string
	// DefaultRegion is used if no setting has a region, instead of the instance's. Only
	// the credstash command line sets it.
	DefaultRegion string
	// MFA prompts for the current code of an MFA device, which the role of a profile
	// with mfa_serial requires. It returns [ErrNoTerminal] if it cannot prompt. nil: no
	// prompt is possible.
	MFA func(ctx context.Context, serial string) (code string, err error)
	// Now is the clock for caching failed credentials; nil: time.Now.
	Now func() time.Time

	// MaxAttempts limits the attempts at a request; 0: AWS_MAX_ATTEMPTS, the profile,
	// or 10, and 20 if AWS throttles.
	MaxAttempts int
	// Time limits of one attempt: to connect (5s), for a TLS handshake (5s), and between
	// the request and the first byte of the answer (15s).
	DialTimeout, TLSTimeout, AnswerTimeout time.Duration
	// OneShot is for a process that ends after a batch or two. It limits connections by
	// the round-trip time to the host, since handshakes cost more than waiting.
	OneShot bool
	// Transport wraps the RoundTripper that sends requests, for example with
	// otelhttp.NewTransport. It is called twice. nil: no wrapper.
	Transport func(http.RoundTripper) http.RoundTripper
	// Observer is called for every attempt, for example for tracing; nil: none.
	Observer source.Observer
	// Meter counts requests; nil: they are not counted.
	Meter *Meter
}

// Config holds configurations for making clients. They share one pool of
// connections and one set of credentials.
type Config struct {
	AWS Client // for the tables, and every service but KMS
	KMS Client // the same, in KMS's region
}

// Client is what the packages of the sources make their clients from: the SDK's
// configuration and optional features, which [Load] sets. Zero values disable them. A
// Client with another HTTP client has no connections in advance and no protection
// against repeated answers.
type Client struct {
	aws.Config
	Observer source.Observer
	// ReadUnits receives DynamoDB's read capacity units. They are requested only if it
	// is set: policies may forbid that.
	ReadUnits func(float64)
	// Preconnect opens up to n connections to the host of rawURL. It returns when ctx
	// ends, and closes those that no request has used.
	Preconnect func(ctx context.Context, rawURL string, n int)
}

// Load reads the environment and ~/.aws. If they have no region, it requests that of
// the instance, for at most a second; without one, it returns ErrNoRegion. It does not
// retrieve credentials: see [Config.CheckCredentials].
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
		if !source.IsRegion(cfg.Region) { // the text is not shown: any server may have sent it
			return Config{}, fmt.Errorf("%w: the instance metadata service returned an invalid name", ErrRegion)
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

// observer combines the observer and the meter.
func (o Options) observer() source.Observer {
	if o.Meter == nil {
		return source.Observers(o.Observer)
	}
	return source.Observers(o.Meter, o.Observer)
}

// identify sets the credentials.
func (o Options) identify(c *Client, role *roles) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	chain, running := withProcess(c.Config, role)
	c.Credentials = &failureCache{next: chain, now: now, processes: running, origin: newOrigin(c.Config)}
	if o.RoleARN != "" {
		c.Credentials = &failureCache{next: assumeRole(c.Config, o.RoleARN, cmp.Or(o.SessionName, sessionName)), now: now, processes: running}
	}
}

// CheckCredentials retrieves credentials, which are then cached. It fails once instead
// of in every request of a batch. The error wraps source.ErrCredentials.
func (c Config) CheckCredentials(ctx context.Context) error {
	_, err := c.AWS.Credentials.Retrieve(ctx)
	return err
}

// Account returns the account that the credentials include, as those of roles, SSO and
// containers do, and those with AWS_ACCOUNT_ID or aws_account_id. It returns "" if they
// do not. It sends no request of its own.
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
		config.WithAPIOptions([]func(*middleware.Stack) error{recovered, complete}),
		// The SDK would log warnings to stderr, which belongs to the commands.
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
