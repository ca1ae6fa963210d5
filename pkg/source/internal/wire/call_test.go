package wire_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

func newClient(t *testing.T, p aws.CredentialsProvider, h http.HandlerFunc) (*wire.Client, *observed, wire.Request) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	d := &observed{}
	c := wire.New(wire.Options{ServiceID: "S3", Credentials: p, HTTP: srv.Client(), Retryer: aws.NopRetryer{}, Observer: d})
	return c, d, wire.Request{Method: http.MethodGet, URL: *u, Header: http.Header{}, Signing: "s3", Region: "eu-west-1", Limit: 10}
}

func call(t *testing.T, c *wire.Client, req wire.Request) (string, error) {
	t.Helper()
	body := ""
	err := c.Do(t.Context(), "Get", func() (wire.Request, error) { return req, nil }, func(_ *http.Response, data []byte) error {
		body = string(data)
		return nil
	})
	return body, err
}

func TestLimit(t *testing.T) {
	keys := credentials.NewStaticCredentialsProvider("AKID", "SECRET", "")
	for _, tt := range []struct {
		method, answer string
		announced      bool
		want           error
	}{
		{http.MethodGet, "ten bytes.", true, nil},
		{http.MethodGet, "ten bytes.", false, nil},
		{http.MethodGet, "eleven byte", true, wire.ErrTooLong},
		{http.MethodGet, "eleven byte", false, wire.ErrTooLong},
		{http.MethodHead, "eleven byte", true, nil},
	} {
		c, _, req := newClient(t, keys, func(w http.ResponseWriter, r *http.Request) {
			if !tt.announced {
				w.(http.Flusher).Flush()
			}
			if r.Method == http.MethodHead {
				w.Header().Set("Content-Length", "1000000000000")
				return
			}
			fmt.Fprint(w, tt.answer)
		})
		req.Method = tt.method
		got, err := call(t, c, req)
		if !errors.Is(err, tt.want) || err == nil && tt.method == http.MethodGet && got != tt.answer {
			t.Errorf("%s, announced %v: %q, %v; want %v", tt.method, tt.announced, got, err, tt.want)
		}
	}
}

// Bodies of all sizes arrive whole.
func TestBodies(t *testing.T) {
	c, d, req := newClient(t, aws.AnonymousCredentials{}, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, r.Header.Get("Authorization"))
	})
	req.Method = http.MethodPut
	for size, want := range map[int]string{0: "0", 1 << 10: "1024", 1 << 20: "1048576"} {
		req.Body = []byte(strings.Repeat("x", size))
		if got, err := call(t, c, req); got != want || err != nil {
			t.Errorf("%d bytes: %q, %v", size, got, err)
		}
	}
	if want := (source.Attempt{Service: "S3", Operation: "Get", Number: 1}); len(d.attempts) != 3 || d.attempts[0] != want {
		t.Errorf("attempts: %+v", d.attempts)
	}
}

func TestNoCredentials(t *testing.T) {
	c, d, req := newClient(t, nil, func(http.ResponseWriter, *http.Request) {})
	_, err := call(t, c, req)
	if _, ok := errors.AsType[*smithy.OperationError](err); !ok || !strings.Contains(err.Error(), "no credentials") || len(d.attempts) != 0 {
		t.Errorf("got %v after %v", err, d.attempts)
	}
}
