package awsconfig

import (
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// idlePerHost is how many connections survive from one wave to the next.
	// DynamoDB and KMS speak HTTP/1.1: a request in flight is a connection.
	idlePerHost = 256
	// dialTimeout and tlsTimeout are far above any round trip on earth.
	dialTimeout = 5 * time.Second
	tlsTimeout  = 5 * time.Second
	// headerTimeout is for one attempt, from the request sent to the first
	// byte of the answer; a body may take as long as the caller's context
	// lets it. The SDK's WithReadTimeout would do more, but it starts to count
	// while a connection lies idle, and so fails requests on reused ones.
	headerTimeout = 15 * time.Second
)

// newHTTPClient returns a client for config.LoadDefaultConfig, which adds
// AWS_CA_BUNDLE to it; [newPool] then makes it the one that all services share.
func newHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(tr *http.Transport) {
			tr.MaxIdleConns = 0 // no limit over all hosts
			tr.MaxIdleConnsPerHost = idlePerHost
			tr.TLSHandshakeTimeout = tlsTimeout
			tr.ResponseHeaderTimeout = headerTimeout
		})
}
