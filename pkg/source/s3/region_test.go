package s3_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/test/awsfake"
)

// regions is S3 in all regions: each bucket has a home, and other regions say which.
type regions struct {
	mu    sync.Mutex
	home  string
	how   func(*http.Request, string) *http.Response // what other regions answer
	asked []string                                   // hosts, and the regions of signatures
}

func (w *regions) Do(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	parts := strings.Split(r.Header.Get("Authorization"), "/")
	w.asked = append(w.asked, r.URL.Host+" "+parts[2])
	if parts[2] != w.home {
		return w.how(r, w.home), nil
	}
	return answer(r, http.StatusOK, http.Header{"Etag": {`"e"`}, "X-Amz-Request-Id": {r.URL.Host}}, "value"), nil
}

func answer(r *http.Request, status int, header http.Header, body string) *http.Response {
	if r.Method == http.MethodHead {
		body = ""
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

func hinted(status int, code string) func(*http.Request, string) *http.Response {
	return func(r *http.Request, home string) *http.Response {
		return answer(r, status, http.Header{"X-Amz-Bucket-Region": {home}, "Location": {"https://elsewhere.example/"}}, "<Error><Code>"+code+"</Code></Error>")
	}
}

func objectsIn(t *testing.T, region string, w *regions, env ...string) *s3.Objects {
	t.Helper()
	awsfake.SetEnv(t, append([]string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}, env...)...)
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient, cfg.Credentials = w, credentials.NewStaticCredentialsProvider("AKID", "SECRET", "")
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return s3.New(awsconfig.Client{Config: cfg})
}

// A bucket in another region is asked for there once, signed for that region, by the
// host of AWS's rules; after that at once.
func TestBucketInAnotherRegion(t *testing.T) {
	for name, how := range map[string]func(*http.Request, string) *http.Response{
		"301": hinted(http.StatusMovedPermanently, "PermanentRedirect"),
		"307": hinted(http.StatusTemporaryRedirect, "TemporaryRedirect"),
		"400": hinted(http.StatusBadRequest, "AuthorizationHeaderMalformed"),
		"400 without a header": func(r *http.Request, home string) *http.Response {
			return answer(r, http.StatusBadRequest, http.Header{}, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>"+home+"</Region></Error>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &regions{home: "eu-central-1", how: how}
			objects := objectsIn(t, "eu-west-1", w)
			ref := source.Ref{Source: source.S3Object, Name: "bucket/key"}
			for range 2 {
				if got := objects.Fetch(t.Context(), []source.Ref{ref})[ref]; got.Err != nil || string(got.Secret.Reveal()) != "value" {
					t.Fatalf("got %v", got.Err)
				}
			}
			want := "bucket.s3.eu-west-1.amazonaws.com eu-west-1,bucket.s3.eu-central-1.amazonaws.com eu-central-1,bucket.s3.eu-central-1.amazonaws.com eu-central-1"
			if got := strings.Join(w.asked, ","); got != want {
				t.Errorf("asked %s", got)
			}
		})
	}
	w := &regions{home: "eu-central-1", how: hinted(http.StatusMovedPermanently, "")}
	objects := objectsIn(t, "eu-west-1", w)
	changed, err := objects.Probe(t.Context(), []source.Known{{Ref: source.Ref{Source: source.S3Object, Name: "bucket/key"}, Trace: source.Trace{Mark: `"old"`}}})
	if err != nil || len(changed) != 1 || len(w.asked) != 2 {
		t.Errorf("HEAD: %v, %v, asked %v", changed, err, w.asked)
	}
}

// What an answer names as the region is followed within AWS and the partition alone,
// and once.
func TestRegionsNotFollowed(t *testing.T) {
	for _, tt := range []struct {
		name, home string
		asked      int
		env        []string
	}{
		{"no region", "evil.com/#", 1, nil},
		{"another partition", "cn-north-1", 1, nil},
		{"an endpoint of one's own", "eu-central-1", 1, []string{"AWS_ENDPOINT_URL_S3=https://s3.example"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &regions{home: tt.home, how: hinted(http.StatusMovedPermanently, "PermanentRedirect")}
			objects := objectsIn(t, "eu-west-1", w, tt.env...)
			ref := source.Ref{Source: source.S3Object, Name: "bucket/key"}
			if got := objects.Fetch(t.Context(), []source.Ref{ref})[ref]; got.Err == nil || len(w.asked) != tt.asked {
				t.Errorf("got %v, asked %v", got.Err, w.asked)
			}
		})
	}
	turns := 0
	w := &regions{home: "nowhere-1", how: func(r *http.Request, _ string) *http.Response {
		turns++
		return hinted(http.StatusMovedPermanently, "PermanentRedirect")(r, []string{"eu-central-1", "eu-north-1"}[turns%2])
	}}
	ref := source.Ref{Source: source.S3Object, Name: "bucket/key"}
	if got := objectsIn(t, "eu-west-1", w).Fetch(t.Context(), []source.Ref{ref})[ref]; got.Err == nil || len(w.asked) != 2 {
		t.Errorf("a circle: %v, asked %v", got.Err, w.asked)
	}
}

// An access point is named in either form of its ARN, and asked for in its region.
func TestAccessPoints(t *testing.T) {
	for name, want := range map[string]string{
		"arn:aws:s3:eu-central-1:123456789012:accesspoint/web/a/b":                   "web-123456789012.s3-accesspoint.eu-central-1.amazonaws.com eu-central-1",
		"arn:aws:s3:eu-central-1:123456789012:accesspoint:web/a/b":                   "web-123456789012.s3-accesspoint.eu-central-1.amazonaws.com eu-central-1",
		"arn:aws:s3-object-lambda:eu-central-1:123456789012:accesspoint/f/a":         "f-123456789012.s3-object-lambda.eu-central-1.amazonaws.com eu-central-1",
		"arn:aws:s3-outposts:eu-central-1:123456789012:outpost/op-1/accesspoint/a/k": "a-123456789012.op-1.s3-outposts.eu-central-1.amazonaws.com eu-central-1",
	} {
		w := &regions{home: "eu-central-1"}
		ref := source.Ref{Source: source.S3Object, Name: name}
		if got := objectsIn(t, "eu-west-1", w).Fetch(t.Context(), []source.Ref{ref})[ref]; got.Err != nil || strings.Join(w.asked, ",") != want {
			t.Errorf("%s: %v, asked %v", name, got.Err, w.asked)
		}
	}
	w := &regions{home: "eu-central-1"}
	ref := source.Ref{Source: source.S3Object, Name: "arn:aws:s3::123456789012:accesspoint/m.mrap/k"}
	if got := objectsIn(t, "eu-west-1", w).Fetch(t.Context(), []source.Ref{ref})[ref]; !errors.Is(got.Err, source.ErrARN) || len(w.asked) != 0 {
		t.Errorf("multi-region: %v, asked %v", got.Err, w.asked)
	}
}
