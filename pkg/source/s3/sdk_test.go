package s3

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/test/endpointtest"
)

// catcher keeps the last request, and answers as S3 might.
type catcher struct{ last *http.Request }

func (c *catcher) Do(r *http.Request) (*http.Response, error) {
	c.last = r
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	body := ""
	for parameter, answer := range map[string]string{"list-type": "ListBucketResult", "tagging": "Tagging", "versioning": "VersioningConfiguration", "versions": "ListVersionsResult"} {
		if r.URL.Query().Has(parameter) {
			body = "<" + answer + "/>"
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// pair is our client and the SDK's with the same settings.
type pair struct {
	caught *catcher
	ours   *client
	theirs *sdk.Client
}

func newPair(cfg aws.Config) pair {
	p := pair{caught: &catcher{}}
	cfg.HTTPClient, cfg.Logger = p.caught, logging.Nop{}
	cfg.Credentials = credentials.NewStaticCredentialsProvider("AKID", "SECRET", "TOKEN")
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	p.ours = newClient(awsconfig.Client{Config: cfg})
	p.theirs = sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.UseARNRegion = *p.ours.rules.UseArnRegion // on by default here, as with the AWS CLI
		o.DisableS3ExpressSessionAuth = aws.Bool(true)
	})
	return p
}

// sent is what of a request matters, or why there was none.
type sent struct {
	Refused           bool
	Method, URL, Host string
	Scope             string // of the signature
	Signed            []string
	Header            map[string]string
}

func (p pair) sent(err error) sent {
	r := p.caught.last
	if p.caught.last = nil; err != nil || r == nil {
		return sent{Refused: true}
	}
	s := sent{Method: r.Method, URL: withoutNonce(r.URL.Scheme + "://" + r.URL.Host + r.URL.RequestURI()), Host: r.Host, Header: map[string]string{}}
	if s.Host == "" {
		s.Host = r.URL.Host
	}
	for name := range r.Header {
		s.Header[http.CanonicalHeaderKey(name)] = strings.Join(r.Header[name], ",")
	}
	authorization := strings.Split(s.Header["Authorization"], ", ")
	_, s.Scope, _ = strings.Cut(authorization[0], "/")
	_, scope, _ := strings.Cut(s.Scope, "/") // without the day
	s.Scope = scope
	s.Signed = slices.DeleteFunc(strings.Split(strings.TrimPrefix(authorization[1], "SignedHeaders="), ";"), func(h string) bool { return strings.HasPrefix(h, "amz-sdk-") })
	maps.DeleteFunc(s.Header, func(name, _ string) bool {
		switch name {
		case "Authorization", "X-Amz-Date", "User-Agent", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "X-Idempotency-Key":
			return true
		}
		return false
	})
	return s
}

// withoutNonce removes what the SDK does not send: see client.nonce.
func withoutNonce(url string) string {
	before, rest, found := strings.Cut(url, "response-content-language="+privateUse)
	if !found {
		return url
	}
	_, after, _ := strings.Cut(rest, "&")
	return before + after
}

// each runs the operations with both clients, and compares what they send.
func (p pair) each(ctx context.Context, t *testing.T, bucket, key string) {
	t.Helper()
	b, k, version, body := &bucket, &key, "v 1/+", []byte("some bytes")
	for name, run := range map[string][2]func() error{
		"get": {
			func() error { _, _, err := p.ours.get(ctx, bucket, key, version); return err },
			func() error {
				_, err := p.theirs.GetObject(ctx, &sdk.GetObjectInput{Bucket: b, Key: k, VersionId: &version})
				return err
			},
		},
		"head": {
			func() error { _, err := p.ours.head(ctx, bucket, key, version, `"etag"`); return err },
			func() error {
				_, err := p.theirs.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: b, Key: k, VersionId: &version, IfNoneMatch: aws.String(`"etag"`)})
				return err
			},
		},
		"list": {
			func() error { _, _, err := p.ours.list(ctx, bucket, key, "to+ken/ ="); return err },
			func() error {
				_, err := p.theirs.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: b, Prefix: k, ContinuationToken: aws.String("to+ken/ ="), EncodingType: types.EncodingTypeUrl})
				return err
			},
		},
		"put": {
			func() error {
				_, err := p.ours.put(ctx, bucket, key, body, http.Header{"Content-Type": {"text/plain"}, "If-Match": {`"etag"`}, "X-Amz-Tagging": {"a=b+c"}})
				return err
			},
			func() error {
				_, err := p.theirs.PutObject(ctx, &sdk.PutObjectInput{Bucket: b, Key: k, Body: bytes.NewReader(body), ContentType: aws.String("text/plain"), IfMatch: aws.String(`"etag"`), Tagging: aws.String("a=b+c")})
				return err
			},
		},
		"delete": {
			func() error { return p.ours.delete(ctx, bucket, key, version) },
			func() error {
				_, err := p.theirs.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: b, Key: k, VersionId: &version})
				return err
			},
		},
		"tags": {
			func() error { _, err := p.ours.tags(ctx, bucket, key); return err },
			func() error {
				_, err := p.theirs.GetObjectTagging(ctx, &sdk.GetObjectTaggingInput{Bucket: b, Key: k})
				return err
			},
		},
		"versioning": {
			func() error { _, err := p.ours.keepsVersions(ctx, bucket); return err },
			func() error {
				_, err := p.theirs.GetBucketVersioning(ctx, &sdk.GetBucketVersioningInput{Bucket: b})
				return err
			},
		},
		"versions": {
			func() error { _, err := p.ours.versions(ctx, bucket, key); return err },
			func() error {
				_, err := p.theirs.ListObjectVersions(ctx, &sdk.ListObjectVersionsInput{Bucket: b, Prefix: k, EncodingType: types.EncodingTypeUrl})
				return err
			},
		},
	} {
		got := p.sent(run[0]())
		want := p.sent(run[1]())
		if name == "put" && strings.HasPrefix(want.URL, "https:") {
			// Under TLS the SDK signs no body, and sends its checksum behind it.
			got.Header, got.Signed, want.Header, want.Signed = nil, nil, nil, nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %q in %q (-SDK +ours):\n%s", name, key, bucket, diff)
		}
	}
}

func keys() []string {
	return []string{
		"plain", "deep/er/key", "with space", " lead", "trail ", "a+b", "100%", "%2F", "q?k=v&w", "a#b", "pässwörd 🔐", "~tilde-._", "(a)*'!$,;:@=[]\\^`{|}\"<>",
		"/leading", "//two", "mid//dle", "end/", "end//", "..", "../up", "a/../b", "./here", "a/./b", "new\nline", "tab\t\x01\x7f", "key/xn--é",
	}
}

// Whatever a key is, the request is the one that the SDK's own client sends.
func TestRequestsAreThoseOfTheSDK(t *testing.T) {
	for _, own := range []string{"", "http://127.0.0.1:9000", "http://127.0.0.1:9000/base/", "https://minio.example"} {
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			cfg := load(t)
			cfg.Region = region
			if own != "" {
				cfg.BaseEndpoint = &own
			}
			p := newPair(cfg)
			for _, key := range keys() {
				p.each(t.Context(), t, "bucket", key)
			}
		}
	}
}

// In every partition and form of endpoint, for every kind of bucket.
func TestEndpointsAreThoseOfTheSDK(t *testing.T) {
	buckets := []string{
		"bucket", "with.dots", "Upper_case", "ab", "10.0.0.1", "a--x-s3", "dir--euw1-az1--x-s3",
		"arn:aws:s3:eu-west-1:123456789012:accesspoint:mine", "arn:aws:s3:us-west-2:123456789012:accesspoint:mine",
		"arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint:mine",
	}
	endpointtest.Run(t, "S3", "s3", func(t *testing.T, cfg aws.Config) {
		t.Helper()
		p := newPair(cfg)
		for _, bucket := range buckets {
			_, _, err := p.ours.get(t.Context(), bucket, "key", "")
			got := p.sent(err)
			_, err = p.theirs.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: &bucket, Key: aws.String("key")})
			if diff := cmp.Diff(p.sent(err), got); diff != "" {
				t.Errorf("%s in %s (-SDK +ours):\n%s", bucket, cfg.Region, diff)
			}
		}
	})
}

// What the environment says of ARNs and checksums is heeded.
func TestSwitches(t *testing.T) {
	const foreign = "arn:aws:s3:us-west-2:123456789012:accesspoint:mine"
	for _, env := range []string{"AWS_S3_USE_ARN_REGION=true", "AWS_S3_USE_ARN_REGION=false", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION=when_required"} {
		t.Run(env, func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", "/dev/null")
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
			name, value, _ := strings.Cut(env, "=")
			t.Setenv(name, value)
			cfg := load(t)
			newPair(cfg).each(t.Context(), t, foreign, "key")
			cfg.BaseEndpoint = aws.String("http://127.0.0.1:9000")
			newPair(cfg).each(t.Context(), t, "bucket", "key")
		})
	}
}

// A multi-region access point is refused in words, not signed wrongly.
func TestMultiRegionAccessPoint(t *testing.T) {
	p := newPair(load(t))
	_, _, err := p.ours.get(t.Context(), "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap", "key", "")
	if err == nil || !strings.Contains(err.Error(), "multi-region access points are not supported") || p.caught.last != nil {
		t.Errorf("got %v", err)
	}
}

func load(t *testing.T) aws.Config {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Public buckets are asked without a signature, and nothing is asked by nobody.
func TestWithoutCredentials(t *testing.T) {
	caught := &catcher{}
	cfg := aws.Config{Region: "eu-west-1", HTTPClient: caught, Credentials: aws.AnonymousCredentials{}}
	if _, _, err := newClient(awsconfig.Client{Config: cfg}).get(t.Context(), "bucket", "key", ""); err != nil || caught.last.Header.Get("Authorization") != "" {
		t.Errorf("anonymous: %v", err)
	}
	caught.last, cfg.Credentials = nil, nil
	if _, _, err := newClient(awsconfig.Client{Config: cfg}).get(t.Context(), "bucket", "key", ""); err == nil || caught.last != nil {
		t.Errorf("none: %v", err)
	}
}
