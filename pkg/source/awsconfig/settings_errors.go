package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// ErrEndpoint: a configured endpoint URL is not one that can be used.
var ErrEndpoint = errors.New("bad AWS endpoint URL")

// settingsError says what is wrong with the environment or ~/.aws. The SDK's own
// text repeats the value.
func settingsError(err error) error {
	text := describeProfile(err)
	if m := badSetting().FindStringSubmatch(err.Error()); text == "" && m != nil {
		text = "invalid value of " + m[1] + m[2] + m[3]
	}
	if m := ssoProfile().FindStringSubmatch(err.Error()); text == "" && m != nil {
		text = fmt.Sprintf("profile %s uses SSO and lacks %s", m[1], m[2])
	}
	for _, k := range knownSettings {
		if text == "" && strings.Contains(err.Error(), k.fragment) {
			text = k.words
		}
	}
	if text == "" {
		text = wire.Why(err)
	}
	return fmt.Errorf("load AWS settings: %w", wire.SafeError(text))
}

// The names of settings in the SDK's messages, whose values follow them.
var (
	badSetting = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:environment variable, |env var, )(AWS_[A-Z0-9_]+)|invalid (AWS_[A-Z0-9_]+) value|(?:failed to load|profile field,) ([a-z0-9_]+)`)
	})
	ssoProfile = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`profile ("[^"\n]*") is configured to use SSO but is missing required configuration: ([a-z_, ]+)`)
	})
)

var knownSettings = []struct{ fragment, words string }{
	{"failed to find SSO session section", "the sso_session of the profile is not in ~/.aws/config"},
	{"only one credential type may be specified", "a profile can have one of source_profile, credential_source, credential_process and web_identity_token_file"},
	{"credential_source values must be", "credential_source of the profile is not EcsContainer, Ec2InstanceMetadata or Environment"},
	{"EcsContainer was specified", "credential_source of the profile is EcsContainer, and neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set"},
	{"invalid URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL"},
	{"local HTTP cred provider", "AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL"},
	{"invalid endpoint host", "AWS_CONTAINER_CREDENTIALS_FULL_URI is for a host that is neither this one nor the container's agent"},
	{"failed to read custom CA bundle", "AWS_CA_BUNDLE cannot be read"},
	{"failed to load custom CA bundle", "AWS_CA_BUNDLE contains no certificates"},
	{"token file path is not set", "AWS_ROLE_ARN is set without AWS_WEB_IDENTITY_TOKEN_FILE"},
	{"role ARN is not set", "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN"},
	{"partial credentials found", "a profile of ~/.aws has one of aws_access_key_id and aws_secret_access_key, and not both"},
}

// checkEndpoints refuses endpoint URLs that would be taken for others. With a
// slash, a question or a number sign in its password, a URL has another host than
// was meant: part of the password would be looked up as a name, and shown.
func checkEndpoints(ctx context.Context, cfg aws.Config) error {
	for _, s := range cfg.ConfigSources {
		var err error
		switch s := s.(type) {
		case config.EnvConfig:
			err = checkEndpoint("AWS_ENDPOINT_URL", s.BaseEndpoint)
		case config.SharedConfig:
			err = checkEndpoint("endpoint_url of the profile", s.BaseEndpoint)
		}
		if err != nil {
			return err
		}
		endpoints, ok := s.(interface {
			GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
		})
		if !ok {
			continue
		}
		for _, service := range []string{"DynamoDB", "KMS", "STS", "S3", "SSM", "Secrets Manager", "SSO", "SSO OIDC"} {
			text, _, _ := endpoints.GetServiceBaseEndpoint(ctx, service)
			what := "the profile's endpoint_url of " + service
			if _, ok := s.(config.EnvConfig); ok {
				what = "AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_"))
			}
			if err := checkEndpoint(what, text); err != nil {
				return err
			}
		}
	}
	if cfg.BaseEndpoint != nil { // the SDK does not say whose it is
		return checkEndpoint("the one that is configured", *cfg.BaseEndpoint)
	}
	return nil
}

func checkEndpoint(what, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "http" || u.Scheme == "https":
	case u.Host != "":
		return fmt.Errorf("%w: %s is not a URL such as https://HOST:PORT: it begins with %s", ErrEndpoint, what, u.Scheme)
	default: // HOST:PORT, whose host would be the scheme
		return fmt.Errorf("%w: %s is not a URL such as https://HOST:PORT: it does not begin with http:// or https://", ErrEndpoint, what)
	}
	if err == nil && wire.Host(u) != "" {
		return nil
	}
	return fmt.Errorf("%w: %s is not a URL such as https://HOST:PORT (in a password, write %%40 for @, %%2F for / and %%23 for #)", ErrEndpoint, what)
}
