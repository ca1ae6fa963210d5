package awsfake_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/credrender/credrender/test/awsfake"
)

// listing asks for the aliases on a connection of its own.
func listing(ctx context.Context, cfg aws.Config) error {
	_, err := kms.NewFromConfig(cfg, func(o *kms.Options) {
		if o.HTTPClient = nil; o.BaseEndpoint == nil || !strings.HasPrefix(*o.BaseEndpoint, "https") {
			o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		}
	}).ListAliases(ctx, &kms.ListAliasesInput{})
	return err
}

func TestDialRules(t *testing.T) {
	srv := awsfake.New(awsfake.Options{})
	t.Cleanup(srv.Close)
	cfg := srv.Config(t, awsfake.OneAttempt)
	if err := listing(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	srv.FailDial(awsfake.DialRule{Service: awsfake.KMS, Reset: true, Times: 1})
	if err := listing(t.Context(), cfg); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want %v", err, syscall.ECONNRESET)
	}
	srv.FailDial(awsfake.DialRule{Service: awsfake.DynamoDB, Reset: true})
	if err := listing(t.Context(), cfg); err != nil {
		t.Error("the rule was for one connection, the next for DynamoDB:", err)
	}
	remove := srv.FailDial(awsfake.DialRule{Silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := listing(ctx, cfg); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	remove()
	if err := listing(t.Context(), cfg); err != nil {
		t.Error(err)
	}
}

// The delay is the connection's: requests on one that stands do not wait.
func TestDialDelay(t *testing.T) {
	srv := awsfake.New(awsfake.Options{})
	t.Cleanup(srv.Close)
	c := kms.NewFromConfig(srv.Config(t, awsfake.OneAttempt))
	srv.FailDial(awsfake.DialRule{Delay: 50 * time.Millisecond, Times: 1})
	begun := time.Now()
	if _, err := c.ListAliases(t.Context(), &kms.ListAliasesInput{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Errorf("connected in %v", took)
	}
	srv.FailDial(awsfake.DialRule{Delay: time.Hour})
	if _, err := c.ListAliases(t.Context(), &kms.ListAliasesInput{}); err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	srv := awsfake.New(awsfake.Options{TLS: true})
	bundle := ""
	for _, kv := range srv.Env() {
		if path, ok := strings.CutPrefix(kv, "AWS_CA_BUNDLE="); ok {
			bundle = path
		}
	}
	c, _ := withKey(t, srv)
	if !strings.HasPrefix(srv.URL(awsfake.KMS), "https://127.0.0.1:") {
		t.Errorf("got URL %s", srv.URL(awsfake.KMS))
	}
	_, err := c.ListAliases(t.Context(), &kms.ListAliasesInput{}, func(o *kms.Options) { o.HTTPClient = &http.Client{} })
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("without the bundle: got %v, want an unknown authority", err)
	}
	remove := srv.Fail(awsfake.Rule{Reset: true})
	if _, err := c.ListAliases(t.Context(), &kms.ListAliasesInput{}); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want %v", err, syscall.ECONNRESET)
	}
	remove()
	srv.Close()
	if _, err := os.Stat(bundle); bundle == "" || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the bundle %q outlived its server: %v", bundle, err)
	}
}
