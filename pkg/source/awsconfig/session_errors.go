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

// place is where a chain finds its credentials, as far as messages tell of it.
type place struct {
	sources []aws.CredentialSource
	profile string // with the SSO or login session; may be empty
	file    string // of the session
	login   bool   // it is of 'aws login', and not of 'aws sso login'
}

func newPlace(cfg aws.Config) place {
	var p place
	if cache, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
		p.sources = cache.ProviderSources()
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
		p.profile = at.Profile
		switch {
		case at.LoginSession != "":
			p.login = true
			p.file, _ = logincreds.StandardCachedTokenFilepath(at.LoginSession, os.Getenv("AWS_LOGIN_CACHE_DIRECTORY"))
		case at.SSOSession != nil:
			p.file, _ = ssocreds.StandardCachedTokenFilepath(at.SSOSession.Name)
		case at.SSOStartURL != "":
			p.file, _ = ssocreds.StandardCachedTokenFilepath(at.SSOStartURL)
		}
	}
	return p
}

// waitedFor is what takes its time where nothing closer to the wait is known.
func (p place) waitedFor() string {
	name := "credentials"
	for _, s := range p.sources {
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

// sessionWords describes what is wrong with the session of 'aws sso login' or
// 'aws login', or returns "".
func (p place) sessionWords(err error) string {
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
	if p.file != "" {
		file = " (" + p.file + ")"
	}
	name := cmp.Or(p.profile, "default")
	switch {
	case errors.Is(err, errPanicked):
		return fmt.Sprintf("the stored session is damaged%s: '%s --profile %s' makes a new one", file, p.command(), name)
	case p.login && !ofTLS && found("x509: ", "asn1: "): // of the key in its file
		return fmt.Sprintf("the stored session is damaged%s: 'aws login --profile %s' makes a new one", file, name)
	case found("load login token", "validate login token"):
		return fmt.Sprintf("the login session is missing or damaged%s: 'aws login --profile %s' makes a new one", file, name)
	case p.login && p.refused(err):
		return fmt.Sprintf("the login session has expired: 'aws login --profile %s' makes a new one", name)
	case invalid || found("cached SSO token", "refresh SSO token"), !p.login && p.file != "" && p.refused(err):
		return fmt.Sprintf("the SSO session is missing, damaged or has expired%s: 'aws sso login --profile %s' makes a new one", file, name)
	}
	return ""
}

func (p place) command() string {
	if p.login || p.file == "" {
		return "aws login"
	}
	return "aws sso login"
}

// refused reports whether AWS itself has not taken the session.
func (p place) refused(err error) bool {
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
