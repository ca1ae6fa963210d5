package s3

import (
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyauth "github.com/aws/smithy-go/auth"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The SDK's client for S3 adds 4.7 MB to the program: it passes itself on as an interface,
// so the linker keeps all of its 117 operations. Package wire sends the five that are
// used. The endpoint rules are the SDK's, and a test compares the requests with those of
// its client.

const serviceID = "S3"

// client sends requests to S3. It is safe for concurrent use.
type client struct {
	call  *wire.Client
	rules s3.EndpointParameters // all but the bucket
	unset error                 // why there is no endpoint
	homes homes                 // of buckets in other regions
	// putSums, getSums: store objects with a checksum, and compare them with it.
	putSums, getSums bool
	signs            bool // false: the credentials are anonymous
}

func newClient(from awsconfig.Client) *client {
	cfg := from.Config
	o := wire.SettingsOf(cfg, serviceID)
	err := o.OwnErr
	if err != nil {
		err = wire.NoEndpoint(err)
	}
	return &client{
		call: wire.New(wire.Options{
			ServiceID: serviceID, AppID: cfg.AppID, Credentials: cfg.Credentials, HTTP: o.HTTPClient, Retryer: o.Retryer,
			Observer: from.Observer,
			// A key is escaped once
			// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
			Sign: func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true },
		}),
		rules: s3.EndpointParameters{
			Region:                         &o.Region,
			Endpoint:                       o.Own,
			ForcePathStyle:                 aws.Bool(o.Own != nil),
			UseFIPS:                        aws.Bool(o.FIPS()),
			UseDualStack:                   aws.Bool(o.DualStack()),
			UseArnRegion:                   aws.Bool(set(cfg, arnRegion.GetS3UseARNRegion, true)), // as the AWS CLI has it
			DisableMultiRegionAccessPoints: aws.Bool(set(cfg, multiRegion.GetS3DisableMultiRegionAccessPoints, false)),
			DisableS3ExpressSessionAuth:    aws.Bool(true), // sessions take an operation of their own
		},
		unset:   err,
		signs:   cfg.Credentials != nil && !aws.IsCredentialsProvider(cfg.Credentials, aws.AnonymousCredentials{}),
		putSums: cfg.RequestChecksumCalculation == aws.RequestChecksumCalculationWhenSupported,
		getSums: cfg.ResponseChecksumValidation == aws.ResponseChecksumValidationWhenSupported,
	}
}

type arnRegion interface {
	GetS3UseARNRegion(context.Context) (value, found bool, err error)
}

type multiRegion interface {
	GetS3DisableMultiRegionAccessPoints(context.Context) (value, found bool, err error)
}

// set looks up a setting in the environment and the profile.
func set[T any](cfg aws.Config, get func(T, context.Context) (value, found bool, err error), otherwise bool) bool {
	for _, src := range cfg.ConfigSources {
		if p, ok := src.(T); ok {
			if value, found, err := get(p, context.Background()); err == nil && found {
				return value
			}
		}
	}
	return otherwise
}

// operation is one request.
type operation struct {
	name        string // "GetObject"
	method      string
	bucket, key string
	query       url.Values
	header      http.Header
	body        []byte
}

// do sends an operation and calls read with the answer. If the bucket is in another
// region, it sends the operation there, once.
func (c *client) do(ctx context.Context, op operation, read func(*http.Response, []byte) error) error {
	region := c.homes.region(op.bucket, *c.rules.Region)
	elsewhere, err := c.doIn(ctx, region, op, read)
	if elsewhere == "" || elsewhere == region || !c.follows(op.bucket, elsewhere) {
		return err
	}
	if _, err = c.doIn(ctx, elsewhere, op, read); err == nil {
		c.homes.byBucket.Store(op.bucket, elsewhere)
	}
	return err
}

// doIn sends an operation to a region. elsewhere is the region of the bucket, if the answer
// contains another one.
func (c *client) doIn(ctx context.Context, region string, op operation, read func(*http.Response, []byte) error) (elsewhere string, err error) {
	err = c.call.Do(ctx, op.name, func() (wire.Request, error) { return c.request(ctx, region, op) }, func(resp *http.Response, data []byte) error {
		elsewhere = ""
		if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
			var refusal error
			elsewhere, refusal = refused(resp, op.method, data, region)
			return refusal
		}
		return read(resp, data)
	})
	return elsewhere, err
}

func (c *client) request(ctx context.Context, region string, op operation) (wire.Request, error) {
	if c.unset != nil {
		return wire.Request{}, c.unset
	}
	params := c.rules
	params.Bucket, params.Region = &op.bucket, &region
	e, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, params)
	if err != nil {
		return wire.Request{}, wire.NoEndpoint(err)
	}
	signing, signed, err := signature(e)
	req := wire.Request{
		Method: op.method, URL: e.URI, Header: http.Header{}, Body: op.body,
		Signing: signing, Region: signed, Limit: maxObject,
	}
	if e.URI.RawPath == "" {
		req.URL.RawPath = e.URI.Path
	}
	req.URL.Path = smithyhttp.JoinPath(e.URI.Path, "/"+op.key)
	req.URL.RawPath = smithyhttp.JoinPath(req.URL.RawPath, "/"+httpbinding.EscapePath(op.key, false))
	req.URL.RawQuery = op.query.Encode()
	for _, header := range []http.Header{e.Headers, op.header} {
		maps.Copy(req.Header, header)
	}
	req.Header.Set(wire.ContentSHA256, wire.SHA256(op.body))
	return req, err
}

// signature returns the service name and region in the signatures of an endpoint. Access
// points have the region of their ARN, Outposts and Object Lambda other names. Outposts
// also accept SigV4A, which is internal to the SDK.
func signature(e smithyendpoints.Endpoint) (name, region string, err error) {
	schemes, _ := smithyauth.GetAuthOptions(&e.Properties)
	for _, s := range schemes {
		if s.SchemeID != "sigv4" { // as the rules say for aws.auth#sigv4
			continue
		}
		name, _ = smithyhttp.GetSigV4SigningName(&s.SignerProperties)
		region, _ = smithyhttp.GetSigV4SigningRegion(&s.SignerProperties)
		return name, region, nil
	}
	return "", "", wire.SafeError("multi-region access points are not supported: their signatures are of another kind")
}

// refused reads an error answer, and the region of the bucket if the answer contains it. An
// answer to HEAD has no body, and no code but its status.
func refused(resp *http.Response, method string, data []byte, region string) (elsewhere string, err error) {
	var body struct {
		XMLName               xml.Name `xml:"Error"`
		Code, Message, Region string
	}
	if err := xml.Unmarshal(data, &body); err != nil { // a proxy answers in HTML
		body.Code, body.Message, body.Region = "", "", ""
	}
	if method == http.MethodHead {
		body.Code = wire.StatusCode(resp.StatusCode)
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest:
		if there := resp.Header.Get("X-Amz-Bucket-Region"); there != "" {
			body.Region = there
		}
		if body.Region != "" && body.Region != region {
			elsewhere = body.Region
			body.Message = fmt.Sprintf("the bucket is in region %s, but was requested in %s", body.Region, region)
		}
	}
	return elsewhere, wire.Refused(resp, body.Code, body.Message)
}

// unreadable returns the error for an answer of another form. The error of package xml may
// quote the answer.
func unreadable(data []byte) error {
	return &smithy.DeserializationError{Err: fmt.Errorf("%d bytes are not the expected XML", len(data))}
}

// If a bucket is in another region, S3 returns the region in a header
// (x-amz-bucket-region) or in the error. As the AWS CLI and botocore do, the client then
// sends a new request, signed for that region, to the host that the SDK's endpoint rules
// give. It never follows the address of a redirect.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html

// homes holds the regions of buckets outside the client's region. The zero value is ready.
type homes struct{ byBucket sync.Map }

func (h *homes) region(bucket, otherwise string) string {
	if r, ok := h.byBucket.Load(bucket); ok {
		return r.(string)
	}
	return otherwise
}

// follows reports whether to send the request again, to the region in an answer. A
// configured endpoint has no other regions, the ARN of an access point has its own, and
// credentials are valid in one partition.
func (c *client) follows(bucket, region string) bool {
	return c.rules.Endpoint == nil && !strings.HasPrefix(bucket, "arn:") &&
		awsconfig.CheckRegion(region) == nil && Partition(region) == Partition(*c.rules.Region)
}

// partitions lists the partitions of AWS, the largest first, each with one of its regions.
func partitions() [][2]string {
	return [][2]string{
		{"aws", "us-east-1"}, {"aws-us-gov", "us-gov-west-1"}, {"aws-cn", "cn-north-1"}, {"aws-eusc", "eusc-de-east-1"},
		{"aws-iso", "us-iso-east-1"}, {"aws-iso-b", "us-isob-east-1"}, {"aws-iso-e", "eu-isoe-west-1"}, {"aws-iso-f", "us-isof-south-1"},
	}
}

// Partition returns the partition of a region: "aws", "aws-cn", "aws-us-gov".
//
// The SDK does not export its list of partitions. Its rules for S3 refuse an access point
// in another partition than the region's, so Partition evaluates them for one in each. A
// region in no known partition counts as one of "aws", as in the SDK.
func Partition(region string) string {
	for _, p := range partitions() {
		_, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), s3.EndpointParameters{
			Region: aws.String(region), UseArnRegion: aws.Bool(true),
			Bucket: aws.String("arn:" + p[0] + ":s3:" + p[1] + ":123456789012:accesspoint/probe"),
		})
		if err == nil {
			return p[0]
		}
	}
	return "aws"
}
