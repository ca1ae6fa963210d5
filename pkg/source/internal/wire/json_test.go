package wire_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// observed notes what it is told.
type observed struct {
	mu       sync.Mutex
	attempts []source.Attempt
	outcomes []source.Outcome
}

func (o *observed) Start(ctx context.Context, a source.Attempt) (context.Context, func(source.Outcome)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attempts = append(o.attempts, a)
	return ctx, func(out source.Outcome) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.outcomes = append(o.outcomes, out)
	}
}

// newJSON returns one that three attempts are enough for, without pauses.
func newJSON(t *testing.T, h http.HandlerFunc) (*wire.JSONClient, *observed) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL + "/base")
	if err != nil {
		t.Fatal(err)
	}
	o := &observed{}
	return wire.NewJSON(wire.JSONOptions{
		Signing: "dynamodb", Target: "T", Version: "1.0", Region: "eu-west-1",
		Endpoint: func(context.Context, string) (smithyendpoints.Endpoint, error) {
			return smithyendpoints.Endpoint{URI: *u}, nil
		},
		Options: wire.Options{
			ServiceID: "DynamoDB", AppID: "app", HTTP: srv.Client(), Observer: o,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET", SessionToken: "TOKEN"}, nil
			}),
			Retryer: retry.NewStandard(func(s *retry.StandardOptions) {
				s.RateLimiter, s.MaxAttempts, s.MaxBackoff = ratelimit.None, 3, time.Millisecond
			}),
		},
	}), o
}

type message struct{ Text string }

func TestRequest(t *testing.T) {
	var got *http.Request
	var body []byte
	c, seen := newJSON(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		fmt.Fprint(w, `{"Text":"answer","Other":1}`)
	})
	var out message
	if err := c.Do(t.Context(), "Query", message{"question"}, &out); err != nil {
		t.Fatal(err)
	}
	if out.Text != "answer" || string(body) != `{"Text":"question"}` || got.URL.Path != "/base/" {
		t.Errorf("got %q for %q at %s", out.Text, body, got.URL.Path)
	}
	for name, want := range map[string]string{
		"X-Amz-Target": "T.Query", "Content-Type": "application/x-amz-json-1.0", "Accept-Encoding": "identity",
		"User-Agent": "credrender app/app", "X-Amz-Security-Token": "TOKEN", "X-Idempotency-Key": "",
	} {
		if got := got.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	signed := got.Header.Get("Authorization")
	for _, want := range []string{"AWS4-HMAC-SHA256 Credential=AKID/", "/eu-west-1/dynamodb/aws4_request", "x-amz-target"} {
		if !strings.Contains(signed, want) {
			t.Errorf("the signature %q does not name %q", signed, want)
		}
	}
	if diff := cmp.Diff([]source.Attempt{{Service: "DynamoDB", Operation: "Query", Number: 1}}, seen.attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name, header, body string
		status             int
		code, text         string
		attempts           int
	}{
		{name: "namespace", status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"gone"}`, code: "ResourceNotFoundException", text: "gone", attempts: 1},
		{name: "capital", status: 400, body: `{"__type":"AccessDeniedException","Message":"no"}`, code: "AccessDeniedException", text: "no", attempts: 1},
		{name: "header", status: 400, header: "DisabledException:http://internal/", body: `{"message":"off"}`, code: "DisabledException", text: "off", attempts: 1},
		{name: "throttled", status: 400, body: `{"__type":"ThrottlingException","message":"slow"}`, code: "ThrottlingException", text: "slow", attempts: 3},
		{name: "fault", status: 500, body: `{"__type":"InternalServerError","message":"x"}`, code: "InternalServerError", text: "x", attempts: 3},
		{name: "proxy", status: 503, body: `<html>CANARY</html>`, code: "UnknownError", text: "UnknownError", attempts: 3},
		{name: "refusing proxy", status: 403, body: ``, code: "UnknownError", text: "UnknownError", attempts: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, seen := newJSON(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.header != "" {
					w.Header().Set("X-Amzn-Errortype", tt.header)
				}
				w.Header().Set("X-Amzn-Requestid", "R1")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			err := c.Do(t.Context(), "Query", message{}, &message{})
			api, ok := errors.AsType[smithy.APIError](err)
			if !ok || api.ErrorCode() != tt.code || api.ErrorMessage() != tt.text {
				t.Errorf("got %v", err)
			}
			resp, ok := errors.AsType[*awshttp.ResponseError](err)
			if !ok || resp.HTTPStatusCode() != tt.status || resp.ServiceRequestID() != "R1" {
				t.Errorf("got the answer %+v", resp)
			}
			if spent, ok := errors.AsType[*retry.MaxAttemptsError](err); ok != (tt.attempts > 1) || ok && spent.Attempt != tt.attempts {
				t.Errorf("attempts in %v", err)
			}
			class := tt.code
			if class == "UnknownError" { // the SDK's name for an answer without a code
				class = "HTTP"
			}
			if last := seen.outcomes[len(seen.outcomes)-1]; last.Status != tt.status || last.ErrorClass != class {
				t.Errorf("observed as %+v", last)
			}
			if len(seen.attempts) != tt.attempts || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%d attempts, want %d: %v", len(seen.attempts), tt.attempts, err)
			}
		})
	}
}

// What cannot be read may be a data key.
func TestUnreadable(t *testing.T) {
	c, _ := newJSON(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Text": CANARY`) })
	err := c.Do(t.Context(), "Query", message{}, &message{})
	if _, ok := errors.AsType[*smithy.DeserializationError](err); !ok || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "CANARY") {
		t.Errorf("got %v", err)
	}
}

// An answer that was damaged on its way is asked for again.
func TestChecksum(t *testing.T) {
	calls := 0
	c, _ := newJSON(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		body := []byte(`{"Text":"v"}`)
		sum := crc32.ChecksumIEEE(body)
		if calls == 1 {
			sum++
		}
		w.Header().Set("X-Amz-Crc32", fmt.Sprint(sum))
		_, _ = w.Write(body)
	})
	var out message
	if err := c.Do(t.Context(), "Query", message{}, &out); err != nil || out.Text != "v" || calls != 2 {
		t.Errorf("got %q after %d calls: %v", out.Text, calls, err)
	}
}

// A clock that is hours off, as after a boot, is corrected once.
func TestClock(t *testing.T) {
	ahead := 3 * time.Hour
	c, seen := newJSON(t, func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Add(ahead)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || now.Sub(at).Abs() > 5*time.Minute {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
			return
		}
		fmt.Fprint(w, `{}`)
	})
	for range 2 {
		if err := c.Do(t.Context(), "Query", message{}, &message{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen.attempts) != 3 {
		t.Errorf("%d requests, want one that was refused and two", len(seen.attempts))
	}
}

// A signature that is wrong for another reason is not tried again.
func TestBadSignature(t *testing.T) {
	c, seen := newJSON(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"InvalidSignatureException"}`)
	})
	if err := c.Do(t.Context(), "Query", message{}, &message{}); err == nil || len(seen.attempts) != 1 {
		t.Errorf("%d attempts: %v", len(seen.attempts), err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := newJSON(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	err := c.Do(ctx, "Query", message{}, &message{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Operations that return nothing may have an empty answer, and only those.
func TestEmptyAnswer(t *testing.T) {
	c, _ := newJSON(t, func(http.ResponseWriter, *http.Request) {})
	if err := c.Do(t.Context(), "TagResource", message{}, nil); err != nil {
		t.Errorf("got %v", err)
	}
	if err := c.Do(t.Context(), "Query", message{}, &message{}); err == nil {
		t.Error("an empty answer is read as one with a message")
	}
}
