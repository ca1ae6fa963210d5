package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/limit"
)

// SafeError is an error whose text is credrender's own, so that it may be shown.
type SafeError string

func (w SafeError) Error() string { return string(w) }

// noEndpoint is why the SDK's endpoint rules give none; what they say of it
// repeats the URL.
const noEndpoint SafeError = "there is no endpoint for this region and these settings (AWS_ENDPOINT_URL, FIPS, dual stack)"

// NoEndpoint is the error of endpoint rules that failed.
func NoEndpoint(err error) error {
	if own, ok := errors.AsType[SafeError](err); ok {
		return own
	}
	return noEndpoint
}

// transportMessage says in our words what happened to a request that nothing
// answered.
func transportMessage(err error) string {
	why := Why(err)
	if host := hostOf(err); host != "" && why != source.Expired && why != "canceled" && !strings.HasPrefix(why, "no answer from ") {
		return host + ": " + why
	}
	return why
}

// Why describes an error of the network, of TLS, of a file or of the SDK. It
// recognizes errors by type, and never repeats the text of one that it does not
// know.
func Why(err error) string {
	if own, ok := errors.AsType[SafeError](err); ok {
		return string(own)
	}
	for _, describe := range []func(error) string{certificate, network, ended, ofFile} {
		if text := describe(err); text != "" {
			return text
		}
	}
	text := err.Error() // compared, and not shown
	for _, k := range known {
		if strings.Contains(text, k.fragment) {
			return k.words
		}
	}
	for status := http.StatusMultipleChoices; status < 600; status++ { // net/http returns it alone where a proxy refuses CONNECT
		if name := http.StatusText(status); name != "" && strings.HasSuffix(text, ": "+name) {
			return fmt.Sprintf(proxyAnswers+" %d (%s)", status, name)
		}
	}
	return "the request failed"
}

// Descriptions that tell who is at fault.
const (
	proxyAnswers    = "the proxy answers with HTTP status"
	headersExceeded = "the answer is not AWS's: its headers exceeded the limit of 64 KiB"
)

// known are failures that have no type of their own: what their text contains,
// and what to say.
var known = []struct{ fragment, words string }{
	{"response headers exceeded", headersExceeded},
	{"invalid proxy address", "the address of the proxy is not a URL (HTTPS_PROXY, HTTP_PROXY)"},
	{"server gave HTTP response to HTTPS client", "the answer is not TLS: is the endpoint http://, or a proxy in between?"},
	{"malformed HTTP", "the answer is not HTTP"},
	{"malformed MIME", "the answer is not HTTP"},
	{"stopped after 10 redirects", "too many redirects"},
	{"resolve endpoint", string(noEndpoint)},
	{"failed to resolve service endpoint", string(noEndpoint)},
	{"get identity", "there are no credentials"},
	{"get credentials", "there are no credentials"},
	{"connection broken", "the connection broke"},
	{"use of closed network connection", "the connection broke"},
	{"connection reset", "connection reset by peer"},
	{"server sent GOAWAY", "the connection broke"},
}

// certificate describes what is wrong with the other end's certificate. The
// texts of package x509 repeat names from it.
func certificate(err error) string {
	_, anyway := errors.AsType[*tls.CertificateVerificationError](err)
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "its TLS certificate has expired or is not yet valid"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its TLS certificate is for another host"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its TLS certificate is signed by an unknown authority (AWS_CA_BUNDLE sets another)"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the answer is not TLS: is the endpoint http://, or a proxy in between?"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return "the TLS handshake failed (" + op.Err.Error() + ")" // an alert: a number's fixed text
	}
	if anyway || strings.Contains(err.Error(), "x509: ") {
		return "its TLS certificate is not valid"
	}
	return ""
}

func network(err error) string {
	before := ""
	if op, ok := errors.AsType[*net.OpError](err); ok {
		switch op.Op {
		case "proxyconnect":
			before = "proxy: "
		case "dial":
			before = "dial: "
		}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		switch {
		case dns.IsNotFound:
			return before + "no such host"
		case dns.IsTimeout:
			return before + "the name server does not answer"
		}
		return before + "the host name could not be resolved"
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		if _, file := errors.AsType[*os.PathError](err); !file {
			return before + errno.Error()
		}
	}
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() && !errors.Is(err, context.DeadlineExceeded) {
		return before + "no answer in time"
	}
	return ""
}

func ended(err error) string {
	over, limited := errors.AsType[*limit.Error](err)
	switch {
	case limited:
		return over.Error()
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return source.Expired
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection closed during the answer"
	case errors.Is(err, io.EOF):
		return "the connection closed before an answer"
	}
	return ""
}

// ofFile names a file and what the kernel says of it.
func ofFile(err error) string {
	file, ok := errors.AsType[*os.PathError](err)
	if !ok {
		return ""
	}
	if errno, ok := errors.AsType[syscall.Errno](file.Err); ok {
		return fmt.Sprintf("%s %s: %s", file.Op, file.Path, errno.Error())
	}
	return fmt.Sprintf("%s %s failed", file.Op, file.Path)
}

// hostOf returns the host and port that a request was for, and nothing else of
// its URL: before them may be a password, and behind them a signature.
func hostOf(err error) string {
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		if req := resp.Response.Request; req != nil && req.URL != nil {
			return Host(req.URL)
		}
	}
	if sent, ok := errors.AsType[*url.Error](err); ok && sent.Op != "parse" {
		if u, err := url.Parse(sent.URL); err == nil {
			return Host(u)
		}
	}
	return ""
}

// Host is the part of a URL that may be shown. A password with a slash or a
// number sign in it ends up to both sides of what looks like a host, so that
// with an at sign behind it nothing is shown.
func Host(u *url.URL) string {
	if strings.Contains(u.Path+u.RawQuery+u.Fragment, "@") {
		return ""
	}
	return u.Host
}
