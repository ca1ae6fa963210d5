package awsconfig

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// origin is where credentials come from, as far as messages need it.
type origin struct {
	sources []aws.CredentialSource
	profile string // with the SSO or login session; may be empty
	file    string // of the session
	login   bool   // it is of 'aws login', and not of 'aws sso login'
}

func newOrigin(cfg aws.Config) origin {
	var o origin
	if cache, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
		o.sources = cache.ProviderSources()
	}
	for _, s := range cfg.ConfigSources {
		shared, ok := s.(config.SharedConfig)
		if !ok {
			continue
		}
		at := &shared
		for at.Source != nil {
			at = at.Source
		}
		o.profile = at.Profile
		switch {
		case at.LoginSession != "":
			o.login = true
			o.file, _ = logincreds.StandardCachedTokenFilepath(at.LoginSession, os.Getenv("AWS_LOGIN_CACHE_DIRECTORY"))
		case at.SSOSession != nil:
			o.file, _ = ssocreds.StandardCachedTokenFilepath(at.SSOSession.Name)
		case at.SSOStartURL != "":
			o.file, _ = ssocreds.StandardCachedTokenFilepath(at.SSOStartURL)
		}
	}
	return o
}

// waitedFor names what a wait for credentials is for, if nothing more exact is known.
func (o origin) waitedFor() string {
	name := "credentials"
	for _, s := range o.sources {
		switch s {
		case aws.CredentialSourceHTTP:
			name = "the container's credential endpoint"
		case aws.CredentialSourceIMDS:
			name = "the instance metadata service"
		case aws.CredentialSourceSSO, aws.CredentialSourceSSOLegacy:
			name = "AWS SSO"
		case aws.CredentialSourceLogin:
			name = "AWS sign-in"
		}
	}
	return name
}

// describeSession describes what is wrong with the session of 'aws sso login' or
// 'aws login'. It returns "" for other errors.
func (o origin) describeSession(err error) string {
	_, invalid := errors.AsType[*ssocreds.InvalidTokenError](err)
	_, ofTLS := errors.AsType[*tls.CertificateVerificationError](err)
	text := err.Error() // compared, and not shown
	found := func(fragments ...string) bool {
		for _, f := range fragments {
			if strings.Contains(text, f) {
				return true
			}
		}
		return false
	}
	file := ""
	if o.file != "" {
		file = " (" + o.file + ")"
	}
	name := cmp.Or(o.profile, "default")
	switch {
	case errors.Is(err, errPanicked):
		return fmt.Sprintf("the stored session is damaged%s: '%s --profile %s' creates a new one", file, o.command(), name)
	case o.login && !ofTLS && found("x509: ", "asn1: "): // of the key in its file
		return fmt.Sprintf("the stored session is damaged%s: 'aws login --profile %s' creates a new one", file, name)
	case found("load login token", "validate login token"):
		return fmt.Sprintf("the login session is missing or damaged%s: 'aws login --profile %s' creates a new one", file, name)
	case o.login && o.refused(err):
		return fmt.Sprintf("the login session has expired: 'aws login --profile %s' creates a new one", name)
	case invalid || found("cached SSO token", "refresh SSO token"), !o.login && o.file != "" && o.refused(err):
		return fmt.Sprintf("the SSO session is missing, damaged or has expired%s: 'aws sso login --profile %s' creates a new one", file, name)
	}
	return ""
}

func (o origin) command() string {
	if o.login || o.file == "" {
		return "aws login"
	}
	return "aws sso login"
}

// refused reports whether AWS rejected the session.
func (o origin) refused(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode() {
	case "UnauthorizedException", "ExpiredTokenException", "InvalidGrantException", "invalid_grant":
		return true
	}
	return false
}
