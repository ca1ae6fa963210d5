package wire

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/credrender/credrender/pkg/source"
)

// call is a request and the function that reads its answers.
type call struct {
	Request
	read func(*http.Response, []byte) error
}

// attempt sends one request, and once more on a new connection if its answer is in doubt.
func (c *Client) attempt(ctx context.Context, n int, operation string, what *call) error {
	req, err := c.request(ctx, &what.Request)
	if err != nil {
		return err
	}
	var x Exchange
	again, err := c.exchange(req, n, operation, what, &x)
	if !again {
		return err
	}
	if req.GetBody != nil {
		if req.Body, err = req.GetBody(); err != nil {
			return err
		}
	}
	_, err = c.exchange(req, n, operation, what, &Exchange{New: true})
	return err
}

// exchange sends a request and reads its answer. again reports whether the request must be
// sent again on a new connection.
func (c *Client) exchange(req *http.Request, n int, operation string, what *call, x *Exchange) (again bool, err error) {
	ctx, status, end := req.Context(), 0, func(source.Outcome) {}
	if c.options.Observer != nil {
		ctx, end = c.options.Observer.Start(ctx, source.Attempt{Service: c.options.ServiceID, Operation: operation, Number: n})
	}
	defer func() { end(Outcome(status, err)) }()
	resp, err := c.options.HTTP.Do(req.WithContext(withExchange(ctx, x)))
	if err != nil {
		return false, interrupted(ctx, Broken(at(req, err)))
	}
	defer resp.Body.Close()
	status = resp.StatusCode
	data, err := body(resp, req.Method, what.Limit)
	if err != nil {
		return false, interrupted(ctx, err)
	}
	return resolve(what.read(resp, data), x)
}

// Outcome describes an attempt for an observer.
func Outcome(status int, err error) source.Outcome {
	out := source.Outcome{Status: status, Err: err}
	switch {
	case err == nil:
	case Code(err) != "":
		out.ErrorClass = Code(err)
	case status != 0 && status != http.StatusOK:
		out.ErrorClass = "HTTP" // an answer without AWS's code, such as a proxy's
	case errors.Is(err, context.Canceled):
		out.ErrorClass = "Canceled"
	case errors.Is(err, context.DeadlineExceeded):
		out.ErrorClass = "Timeout"
	case errors.Is(kindOfTransport(err), source.ErrUnreachable):
		out.ErrorClass = "Network"
	default:
		out.ErrorClass = "Unknown"
	}
	return out
}

// at adds the host to the error of a Doer, unless the error includes it.
func at(req *http.Request, err error) error {
	if _, ok := errors.AsType[*url.Error](err); ok {
		return err
	}
	return &url.Error{Op: req.Method, URL: req.URL.Scheme + "://" + Host(req.URL), Err: err}
}

// request returns a newly signed request. Each attempt has one, since credentials expire,
// and so do signatures.
func (c *Client) request(ctx context.Context, what *Request) (*http.Request, error) {
	to := what.URL
	req := (&http.Request{Method: what.Method, URL: &to, Host: to.Host, Header: what.Header.Clone()}).WithContext(ctx)
	if len(what.Body) > 0 {
		req.ContentLength = int64(len(what.Body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(what.Body)), nil }
		req.Body, _ = req.GetBody()
	}
	// Checksums cover the bytes as they are sent.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", c.userAgent())
	if err := c.sign(ctx, req, what); err != nil {
		return nil, err
	}
	// With this key, which is not sent, net/http sends a request again if the other end
	// closed the idle connection. That costs no attempt.
	req.Header["X-Idempotency-Key"] = nil
	return req, nil
}

func (c *Client) sign(ctx context.Context, req *http.Request, what *Request) error {
	switch {
	case c.options.Credentials == nil:
		return SafeError("no credentials are configured")
	case aws.IsCredentialsProvider(c.options.Credentials, aws.AnonymousCredentials{}):
		return nil
	}
	credentials, err := c.options.Credentials.Retrieve(ctx)
	if err != nil {
		return interrupted(ctx, fmt.Errorf("get identity: %w", err))
	}
	sum := cmp.Or(req.Header.Get(ContentSHA256), SHA256(what.Body))
	if err := c.signer.SignHTTP(ctx, credentials, req, sum, what.Signing, what.Region, c.now()); err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	return nil
}

// ContentSHA256 is the header in which S3 wants the [SHA256] of what is sent
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
const ContentSHA256 = "X-Amz-Content-Sha256"

// SHA256 is the checksum of a body that is signed.
func SHA256(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func (c *Client) userAgent() string {
	if c.options.AppID != "" {
		return "credrender app/" + c.options.AppID
	}
	return "credrender"
}

// body reads the whole body of an answer.
func body(resp *http.Response, method string, limit int64) ([]byte, error) {
	announced := resp.ContentLength
	if method == http.MethodHead { // the length is that of a body that is not sent
		announced = 0
	}
	if announced > limit {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLong, announced)
	}
	if announced > 0 {
		data := make([]byte, announced)
		if _, err := io.ReadFull(resp.Body, data); err != nil {
			return nil, Broken(fmt.Errorf("read the answer: %w", err))
		}
		return data, nil
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, limit+1)); err != nil {
		return nil, Broken(fmt.Errorf("read the answer: %w", err))
	}
	if int64(buf.Len()) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLong, limit)
	}
	return buf.Bytes(), nil
}
