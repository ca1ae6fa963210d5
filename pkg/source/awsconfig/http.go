package awsconfig

import (
	"cmp"
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// dialTimeout and tlsTimeout are far above any round trip on earth.
	dialTimeout = 5 * time.Second
	tlsTimeout  = 5 * time.Second
	// answerTimeout is for one attempt, from the request sent to the first
	// byte of the answer; a body may take as long as the caller's context
	// lets it. The SDK's WithReadTimeout would do more, but it starts to count
	// while a connection lies idle, and so fails requests on reused ones.
	answerTimeout = 15 * time.Second
)

// withoutProxy is for addresses on the machine itself, or next to it: a proxy
// could not reach them, and what is sent there (a container's authorization
// token) is none of its business. botocore has no proxy for them either.
func withoutProxy(c *awshttp.BuildableClient) *awshttp.BuildableClient {
	return c.WithTransportOptions(func(tr *http.Transport) { tr.Proxy = nil })
}

// newHTTPClient returns a client for config.LoadDefaultConfig, which adds
// AWS_CA_BUNDLE to it; [newTransport] then makes the one that all services share.
func newHTTPClient(o Options) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = cmp.Or(o.DialTimeout, dialTimeout) }).
		WithTransportOptions(func(tr *http.Transport) {
			tr.TLSHandshakeTimeout = cmp.Or(o.TLSTimeout, tlsTimeout)
			tr.ResponseHeaderTimeout = cmp.Or(o.AnswerTimeout, answerTimeout)
		})
}
