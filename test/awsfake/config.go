package awsfake

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// OneAttempt is for [Server.Config]: faults are not retried away.
const OneAttempt = "AWS_MAX_ATTEMPTS=1"

// Config is what a program that uses the SDK finds in the server's environment,
// with more of it (KEY=VALUE); that is set for the length of the test.
func (s *Server) Config(tb testing.TB, more ...string) aws.Config {
	tb.Helper()
	SetEnv(tb, append(s.Env(), more...)...)
	cfg, err := config.LoadDefaultConfig(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return cfg
}

// Client is what the packages of the sources make their clients of there.
func (s *Server) Client(tb testing.TB, more ...string) awsconfig.Client {
	tb.Helper()
	SetEnv(tb, append(s.Env(), more...)...)
	c, err := awsconfig.Load(tb.Context(), awsconfig.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return c.AWS
}
