package s3_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/test/awsfake"
)

// against returns the buckets that a handler makes up, asked twice at most.
func against(t *testing.T, h http.HandlerFunc) *s3.Objects {
	t.Helper()
	var answers atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Request-Id", fmt.Sprint(answers.Add(1)))
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	_, objects := clients(t, append(awsfake.Start(t).Env(), "AWS_ENDPOINT_URL_S3="+srv.URL, "AWS_MAX_ATTEMPTS=2"))
	return objects
}

func fetch(t *testing.T, o *s3.Objects, name string) source.Result {
	t.Helper()
	return o.Fetch(t.Context(), []source.Ref{ref(name)})[ref(name)]
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	xml := func(code, more string) string {
		return `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>" + code + "</Code><Message>Access Denied</Message>" + more + "<StringToSign>CANARY</StringToSign></Error>"
	}
	for _, tt := range []struct {
		name, body, region string
		status, requests   int
		want               error
		text               string
	}{
		{"no object", xml("NoSuchKey", ""), "", 404, 1, source.ErrNotFound, "NoSuchKey"},
		{"no version", xml("NoSuchVersion", ""), "", 404, 1, source.ErrNotFound, "NoSuchVersion"},
		{"no bucket", xml("NoSuchBucket", ""), "", 404, 1, source.ErrNoStore, "NoSuchBucket"},
		{"denied", xml("AccessDenied", ""), "", 403, 1, source.ErrDenied, "AccessDenied"},
		{"signature", xml("SignatureDoesNotMatch", ""), "", 403, 1, source.ErrCredentials, "SignatureDoesNotMatch"},
		{"expired", xml("ExpiredToken", ""), "", 400, 1, source.ErrCredentials, "ExpiredToken"},
		{"slow down", xml("SlowDown", ""), "", 503, 2, source.ErrThrottled, "after 2 attempts"},
		{"fault", xml("InternalError", ""), "", 500, 2, source.ErrUnreachable, "InternalError"},
		{"region in a header", xml("PermanentRedirect", "<Endpoint>b.s3.amazonaws.com</Endpoint>"), "us-west-2", 301, 1, nil, "the bucket is in region us-west-2, but was requested in eu-west-1"},
		{"region in the body", xml("AuthorizationHeaderMalformed", "<Region>us-west-2</Region>"), "", 400, 1, nil, "the bucket is in region us-west-2, but was requested in eu-west-1"},
		{"redirected for a while", xml("TemporaryRedirect", ""), "us-west-2", 307, 1, nil, "the bucket is in region us-west-2"},
		{"proxy", "<html>CANARY", "", 403, 1, source.ErrUnreachable, "HTTP status 403 from 127.0.0.1"},
		{"proxy that fails", "", "", 502, 2, source.ErrUnreachable, "HTTP status 502 from 127.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			o := against(t, func(w http.ResponseWriter, _ *http.Request) {
				requests++
				if tt.region != "" {
					w.Header().Set("X-Amz-Bucket-Region", tt.region)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			got := fetch(t, o, "k")
			if got.Err == nil || tt.want != nil && !errors.Is(got.Err, tt.want) || !strings.Contains(got.Err.Error(), tt.text) || strings.Contains(got.Err.Error(), "CANARY") {
				t.Errorf("got %v", got.Err)
			}
			if requests != tt.requests || got.Trace.Absent != errors.Is(tt.want, source.ErrNotFound) {
				t.Errorf("%d requests, want %d; absent: %v", requests, tt.requests, got.Trace.Absent)
			}
		})
	}
}

// An answer to HEAD has no body: the status and the headers are all there is.
func TestRefusalsWithoutABody(t *testing.T) {
	for status, want := range map[int]string{
		403: "access denied (Forbidden)", 301: "the bucket is in region us-west-2, but was requested in eu-west-1", 400: "the bucket is in region us-west-2",
	} {
		o := against(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Bucket-Region", "us-west-2")
			w.Header().Set("Content-Length", "123456789012")
			w.WriteHeader(status)
		})
		_, err := s3.NewSecrets(o, plainKeys{}).In(bucket).Delete(t.Context(), source.Ref{Name: "k"}, source.Deletion{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: got %v, want %s", status, err, want)
		}
	}
}

// A hop that gives a request the answer to another is found out, whatever the
// request id: S3 repeats the language of each request.
func TestAnswersToOtherRequests(t *testing.T) {
	var requests, swapped atomic.Int64
	var before string // the language of the last request
	o := against(t, func(w http.ResponseWriter, r *http.Request) {
		language, key := r.URL.Query().Get("response-content-language"), r.URL.Path[len("/"+bucket+"/"):]
		if language == "" || language == before && swapped.Load() == 0 {
			t.Errorf("%s: language %q", r.URL, language)
		}
		if requests.Add(1) == 2 { // on the connection of the first
			swapped.Add(1)
			key, language = "a", before
		}
		before = language
		w.Header().Set("Content-Language", language)
		fmt.Fprint(w, "value of "+key)
	})
	for _, key := range []string{"a", "b"} {
		if got := fetch(t, o, key); got.Err != nil || string(got.Secret.Reveal()) != "value of "+key {
			t.Errorf("%s: got %q, %v", key, got.Secret.Reveal(), got.Err)
		}
	}
	if requests.Load() != 3 || swapped.Load() != 1 {
		t.Errorf("%d requests, %d answers swapped", requests.Load(), swapped.Load())
	}
}

// An answer without a language is not S3's answer to a GET: a hop may have given us that
// to a HEAD, or to a list. It is believed only on a new connection, for emulators.
func TestAnswersWithoutALanguage(t *testing.T) {
	var requests atomic.Int64
	o := against(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 2 { // on the connection of the first
			return // the answer to a HEAD, or to another program
		}
		w.Header().Set("Content-Language", r.URL.Query().Get("response-content-language"))
		fmt.Fprint(w, "value of "+r.URL.Path)
	})
	for _, key := range []string{"a", "b"} {
		if got := fetch(t, o, key); got.Err != nil || string(got.Secret.Reveal()) != "value of /"+bucket+"/"+key {
			t.Errorf("%s: got %q, %v", key, got.Secret.Reveal(), got.Err)
		}
	}
	if requests.Load() != 3 {
		t.Errorf("%d requests, want 3", requests.Load())
	}
}

// S3 refuses the language in requests that are not signed.
func TestNoLanguageWithoutASignature(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "response-") {
			http.Error(w, "", http.StatusBadRequest)
		}
		fmt.Fprint(w, "v")
	}))
	defer srv.Close()
	c := awsconfig.Client{Config: aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, Credentials: aws.AnonymousCredentials{}}}
	if got := fetch(t, s3.New(c), "k"); got.Err != nil || string(got.Secret.Reveal()) != "v" {
		t.Errorf("got %q, %v", got.Secret.Reveal(), got.Err)
	}
}

// Bodies break off, and arrive damaged.
func TestBodies(t *testing.T) {
	t.Parallel()
	const body = "the value"
	right := base64.StdEncoding.EncodeToString(crc32.NewIEEE().Sum([]byte{})) // of nothing
	for _, tt := range []struct {
		name     string
		answer   func(n int, w http.ResponseWriter)
		want     error
		requests int
	}{
		{"breaks off once", func(n int, w http.ResponseWriter) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			if n > 1 {
				fmt.Fprint(w, body)
			} else {
				fmt.Fprint(w, body[:3])
			}
		}, nil, 2},
		{"breaks off always", func(_ int, w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, body)
		}, source.ErrUnreachable, 2},
		{"damaged on its way", func(n int, w http.ResponseWriter) {
			if n == 1 {
				w.Header().Set("X-Amz-Checksum-Crc32", right)
			}
			fmt.Fprint(w, body)
		}, nil, 2},
		{"damaged where it lies", func(_ int, w http.ResponseWriter) {
			w.Header().Set("X-Amz-Checksum-Sha256", "AAAA")
			fmt.Fprint(w, body)
		}, source.ErrIntegrity, 3},
		{"uploaded in parts", func(_ int, w http.ResponseWriter) {
			w.Header().Set("X-Amz-Checksum-Crc32", right+"-2")
			fmt.Fprint(w, body)
		}, nil, 1},
		{"too large", func(_ int, w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100000000")
		}, source.ErrTooLarge, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			o := against(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Language", r.URL.Query().Get("response-content-language"))
				requests++
				tt.answer(requests, w)
			})
			got := fetch(t, o, "k")
			if !errors.Is(got.Err, tt.want) || tt.want == nil && (got.Err != nil || string(got.Secret.Reveal()) != body) || requests != tt.requests {
				t.Errorf("%q, %v after %d requests; want %v after %d", got.Secret.Reveal(), got.Err, requests, tt.want, tt.requests)
			}
		})
	}
}

// The clock of an instance that has just booted: a probe is refused without a
// code, and tried again by AWS's clock.
func TestClockOfAProbe(t *testing.T) {
	requests := 0
	o := against(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		now := time.Now().Add(3 * time.Hour)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || now.Sub(at).Abs() > 15*time.Minute {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.WriteHeader(http.StatusNotModified)
	})
	known := source.Known{Ref: ref("k"), Trace: source.Trace{Mark: `"etag"`}}
	if changed, err := o.Probe(t.Context(), []source.Known{known}); err != nil || len(changed) != 0 || requests != 2 {
		t.Errorf("%v, %v after %d requests", changed, err, requests)
	}
}

// Pages follow each other, and keys are as in a URL where the answer says so.
func TestPages(t *testing.T) {
	pages := map[string]string{
		"":     `<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>t+/=</NextContinuationToken><Contents><Key>a+b%2B%25%01%C3%A9</Key><Size>1</Size></Contents><Contents><Key>folder/</Key><Size>0</Size></Contents>`,
		"t+/=": `<IsTruncated>false</IsTruncated><Contents><Key>a+%2B</Key><Size>1</Size></Contents>`,
	}
	o := against(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+pages[r.URL.Query().Get("continuation-token")]+`</ListBucketResult>`)
	})
	got, err := o.List(t.Context(), "bucket/*")
	if want := []source.Entry{{Name: "bucket/a b+%\x01é"}, {Name: "bucket/a+%2B"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

// A list that is none is an error, and its text in none.
func TestUnreadableLists(t *testing.T) {
	for _, body := range []string{"<html>CANARY</html>", "", `{"CANARY":1}`, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
		"<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%ZZCANARY</Key></Contents></ListBucketResult>"} {
		o := against(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		if got, err := o.List(t.Context(), "bucket/*"); !errors.Is(err, source.ErrUnreachable) || strings.Contains(fmt.Sprintf("%+v", err), "CANARY") {
			t.Errorf("%s: %q, %v", body, got, err)
		}
	}
}

// A large object may be refused before it has been sent.
func TestRefusedUploads(t *testing.T) {
	requests := 0
	o := against(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code></Error>")
	})
	f := s3.NewSecrets(o, plainKeys{}).In(bucket)
	for _, size := range []int{100, 8 << 20} {
		requests = 0
		if _, err := f.Put(t.Context(), source.Ref{Name: "k"}, source.Write{Value: source.NewSecret(make([]byte, size))}); !errors.Is(err, source.ErrDenied) || requests != 1 {
			t.Errorf("%d bytes: %v after %d requests", size, err, requests)
		}
	}
}
