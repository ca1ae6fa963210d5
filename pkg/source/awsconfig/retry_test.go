package awsconfig_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/test/awsfake"
)

func retryer(t *testing.T, env ...string) aws.Retryer {
	t.Helper()
	setEnv(t, awsfake.Start(t), env...)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c.KMS.Retryer()
}

func TestRetryer(t *testing.T) {
	tests := []struct {
		name     string
		env      []string
		attempts int
		adaptive bool
	}{
		{"default", nil, 20, false},
		{"attempts", []string{"AWS_MAX_ATTEMPTS=3"}, 3, false},
		{"one attempt", []string{"AWS_MAX_ATTEMPTS=1"}, 1, false},
		{"mode", []string{"AWS_RETRY_MODE=adaptive"}, 10, true},
		{"both", []string{"AWS_RETRY_MODE=adaptive", "AWS_MAX_ATTEMPTS=4"}, 4, true},
		{"standard", []string{"AWS_RETRY_MODE=standard"}, 20, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := retryer(t, tt.env...)
			if got := r.MaxAttempts(); got != tt.attempts {
				t.Errorf("got %d attempts, want %d", got, tt.attempts)
			}
			if _, adaptive := r.(*retry.AdaptiveMode); adaptive != tt.adaptive {
				t.Errorf("got a %T", r)
			}
			if d, err := r.RetryDelay(9, errors.New("x")); err != nil || d > 5*time.Second {
				t.Errorf("waits %v, %v", d, err)
			}
		})
	}
}

// Twenty attempts are for what was throttled, ten for the rest.
func TestPatience(t *testing.T) {
	slowDown, broken := &smithy.GenericAPIError{Code: "ThrottlingException"}, &smithy.GenericAPIError{Code: "InternalServerError"}
	r := retryer(t)
	for _, tt := range []struct {
		attempt int
		err     error
		ends    bool
	}{{9, broken, false}, {10, broken, true}, {10, slowDown, false}, {19, slowDown, false}} {
		_, err := r.RetryDelay(tt.attempt, tt.err)
		if (err != nil) != tt.ends || tt.ends && !errors.Is(err, broken) {
			t.Errorf("attempt %d of %v: got %v", tt.attempt, tt.err, err)
		}
	}
}

// A wave of any size may try again: no quota runs out.
func TestNoQuota(t *testing.T) {
	r := retryer(t)
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	if !r.IsErrorRetryable(throttled) {
		t.Fatal("throttling is not tried again")
	}
	for i := range 5000 {
		if _, err := r.GetRetryToken(t.Context(), throttled); err != nil {
			t.Fatalf("retry %d: %v", i, err)
		}
	}
}

// AWS_MAX_ATTEMPTS reaches the wire.
func TestAttemptsMade(t *testing.T) {
	t.Parallel()
	srv := awsfake.Start(t)
	srv.Fail(awsfake.Rule{Code: "ProvisionedThroughputExceededException", Message: "slow down"})
	tab, _, err := openIn(t, append(srv.Env(), "AWS_MAX_ATTEMPTS=2"), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tab.Newest(t.Context(), "a")
	if !errors.Is(err, source.ErrThrottled) || !strings.Contains(err.Error(), "after 2 attempts") {
		t.Errorf("got %v", err)
	}
	if got := srv.Count(awsfake.DynamoDB, "Query"); got != 2 {
		t.Errorf("got %d attempts, want 2", got)
	}
}

// An answer that breaks off is asked for again.
func TestCutAnswer(t *testing.T) {
	t.Parallel()
	srv := awsfake.Start(t)
	_, keys, err := openIn(t, srv.Env(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv.Fail(awsfake.Rule{Operation: "GenerateDataKey", Cut: true, Times: 1})
	if _, _, err := keys.GenerateDataKey(t.Context(), 64, nil); err != nil {
		t.Error(err)
	}
	if got := srv.Count(awsfake.KMS, "GenerateDataKey"); got != 2 {
		t.Errorf("got %d attempts, want 2", got)
	}
}

// A run that its deadline ends says what it was waiting out.
func TestCauseKept(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rule awsfake.Rule
		kind error
		text string
	}{
		{"throttled", awsfake.Rule{Code: "ThrottlingException", Message: "Rate exceeded"}, source.ErrThrottled, "ThrottlingException: Rate exceeded"},
		{"fault", awsfake.Rule{Code: "InternalServerError", Status: 500}, source.ErrUnreachable, "InternalServerError"},
		{"reset", awsfake.Rule{Reset: true}, source.ErrUnreachable, "connection reset by peer"},
		{"no answer", awsfake.Rule{Delay: time.Hour}, source.ErrUnreachable, "no answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := awsfake.Start(t)
			srv.Fail(tt.rule)
			_, keys, err := openIn(t, srv.Env(), awsconfig.Options{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = keys.Decrypt(ctx, []byte("x"), nil)
			if !errors.Is(err, tt.kind) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %v and a deadline, with %q", err, tt.kind, tt.text)
			}
		})
	}
}

// A call that somebody cancelled is no verdict on AWS.
func TestCancelledCall(t *testing.T) {
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	srv.Fail(awsfake.Rule{Delay: time.Hour})
	_, keys, err := open(t, awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = keys.Decrypt(ctx, []byte("x"), nil)
	if !errors.Is(err, context.Canceled) || errors.Is(err, source.ErrUnreachable) {
		t.Errorf("got %v, want only %v", err, context.Canceled)
	}
}

// A certificate that does not verify fails at once and says so.
func TestBadCertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	var connections atomic.Int64
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.StartTLS()
	defer srv.Close()
	setEnv(t, awsfake.Start(t), "AWS_ENDPOINT_URL_KMS="+srv.URL)
	_, keys, err := open(t, awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = keys.Decrypt(t.Context(), []byte("x"), nil)
	if !errors.Is(err, source.ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("tried %d times, want once", got)
	}
}

func TestNobodyThere(t *testing.T) {
	url := closedPort(t)
	setEnv(t, awsfake.Start(t), "AWS_ENDPOINT_URL_DYNAMODB="+url, "AWS_MAX_ATTEMPTS=1")
	tab, _, err := open(t, awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tab.Newest(t.Context(), "a")
	if !errors.Is(err, source.ErrUnreachable) || !strings.Contains(err.Error(), strings.TrimPrefix(url, "http://")) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want the address and the cause", err)
	}
}
