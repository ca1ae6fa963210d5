package wire_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Who is behind a failure shows in its type, whatever the kind of error.
func TestParty(t *testing.T) {
	const host = "https://kms.eu-west-1.amazonaws.com/"
	send := func(err error) error { return wire.Broken(&url.Error{Op: "Post", URL: host, Err: err}) }
	for name, tt := range map[string]struct {
		err  error
		want source.Party
	}{
		"AWS":               {answered(400, api("AccessDeniedException", "x")), source.ByAWS},
		"a fault at AWS":    {answered(500, api("KMSInternalException", "x")), source.ByAWS},
		"a page":            {answered(503, api("UnknownError", "UnknownError")), source.ByServer},
		"a redirect":        {answered(302, api("UnknownError", "UnknownError")), source.ByServer},
		"a proxy's page":    {answered(407, api("UnknownError", "UnknownError")), source.ByProxy},
		"a refused CONNECT": {send(errors.New("Proxy Authentication Required")), source.ByProxy},
		"no proxy there":    {send(&net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}), source.ByProxy},
		"no such proxy":     {send(&net.OpError{Op: "proxyconnect", Err: &net.DNSError{IsNotFound: true}}), source.ByProxy},
		"no such host":      {send(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}), source.ByDNS},
		"nobody listens":    {send(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), source.ByNetwork},
		"reset":             {send(syscall.ECONNRESET), source.ByNetwork},
		"unknown authority": {send(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), source.ByAuthority},
		"another host":      {send(&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}}), source.ByTLS},
		"old certificate":   {send(&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}), source.ByTLS},
		"an endless head":   {send(errors.New("net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 65536 bytes; aborted")), source.ByServer},
		"no HTTP":           {send(errors.New("net/http: HTTP/1.x transport connection broken: malformed HTTP response")), source.ByServer},
		"our deadline":      {context.DeadlineExceeded, source.ByTime},
		"canceled":          {context.Canceled, ""},
		"a file":            {&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, source.ByFile},
		"the clock":         {answered(403, api("RequestTimeTooSkewed", "x")), source.ByClock},
	} {
		got, ok := errors.AsType[*source.CallError](wire.Wrap("do", tt.err))
		if !ok || got.By != tt.want {
			t.Errorf("%s: %q, want %q", name, got.By, tt.want)
		}
	}
}
