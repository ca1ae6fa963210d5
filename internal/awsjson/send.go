package awsjson

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer is far above what a page of DynamoDB can be: 1 MB of items, a third
// more as base64.
const maxAnswer = 32 << 20

// place is where requests go, and the region that they are signed for.
type place struct {
	url    url.URL
	region string
}

// attempt sends one request and reads its answer.
func (c *Client) attempt(ctx context.Context, n int, operation string, body []byte, out any) error {
	req, err := c.request(ctx, operation, body)
	if err != nil {
		return err
	}
	err = c.exchange(req, out)
	c.observe(Attempt{Service: c.options.ServiceID, Operation: operation, Number: n, Err: err})
	return err
}

func (c *Client) exchange(req *http.Request, out any) error {
	ctx := req.Context()
	resp, err := c.do(req)
	if err != nil {
		return interrupted(ctx, &smithyhttp.RequestSendError{Err: err})
	}
	defer resp.Body.Close()
	data, err := read(resp)
	if err != nil {
		return interrupted(ctx, &smithyhttp.RequestSendError{Err: fmt.Errorf("read the answer: %w", err)})
	}
	if resp.StatusCode != http.StatusOK {
		return refused(resp, data)
	}
	if err := json.Unmarshal(data, out); err != nil {
		// Its own message may quote the answer.
		return &smithy.DeserializationError{Err: fmt.Errorf("%d bytes are not the JSON that was expected", len(data))}
	}
	return nil
}

// request is signed anew for each attempt: credentials end, and so does the
// time within which AWS takes a signature.
func (c *Client) request(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	to, err := c.endpoint()
	if err != nil {
		return nil, err
	}
	credentials, err := c.options.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, interrupted(ctx, fmt.Errorf("get identity: %w", err))
	}
	req := (&http.Request{
		Method:        http.MethodPost,
		URL:           &to.url,
		Host:          to.url.Host,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
		Header: http.Header{
			"Accept-Encoding": {"identity"}, // DynamoDB's checksum is of what it sends
			"Content-Type":    {"application/x-amz-json-" + c.options.Version},
			"User-Agent":      {c.userAgent()},
			"X-Amz-Target":    {c.options.Target + "." + operation},
		},
	}).WithContext(ctx)
	sum := sha256.Sum256(body)
	if !anonymous(c.options.Credentials) {
		if err := c.signer.SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), c.options.Signing, to.region, c.now()); err != nil {
			return nil, fmt.Errorf("sign request: %w", err)
		}
	}
	// An idle connection that the other end has just closed costs no attempt:
	// net/http itself sends what has this key again. It is not sent.
	req.Header["X-Idempotency-Key"] = nil
	return req, nil
}

func (c *Client) userAgent() string {
	if c.options.AppID != "" {
		return "credrender app/" + c.options.AppID
	}
	return "credrender"
}

func anonymous(p aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(p, aws.AnonymousCredentials{})
}

// read reads all of an answer and compares it with the checksum that DynamoDB
// sends along
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html).
// DynamoDB Local sends 0 whatever the answer.
func read(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > maxAnswer {
		return nil, fmt.Errorf("an answer of %d bytes", resp.ContentLength)
	}
	// With a byte to spare, the end is seen without growing.
	buf := bytes.NewBuffer(make([]byte, 0, max(resp.ContentLength, 0)+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return nil, err
	}
	if buf.Len() > maxAnswer {
		return nil, fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	}
	want, err := strconv.ParseUint(resp.Header.Get("X-Amz-Crc32"), 10, 32)
	if err == nil && want != 0 && uint32(want) != crc32.ChecksumIEEE(buf.Bytes()) {
		return nil, io.ErrUnexpectedEOF // whatever became of it on the way, it may arrive next time
	}
	return buf.Bytes(), nil
}
