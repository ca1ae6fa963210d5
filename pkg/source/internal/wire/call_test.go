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
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// doer notes which way requests went, and each attempt.
type doer struct {
	*http.Client
	ways     []string
	attempts []wire.Attempt
}

func (d *doer) Do(r *http.Request) (*http.Response, error) {
	d.ways = append(d.ways, "do")
	return d.Client.Do(r)
}

func (d *doer) Exchange(r *http.Request) (*http.Response, error) {
	d.ways = append(d.ways, "exchange")
	return d.Client.Do(r)
}

func (d *doer) Observe(a wire.Attempt) { d.attempts = append(d.attempts, a) }

func newClient(t *testing.T, p aws.CredentialsProvider, h http.HandlerFunc) (*wire.Client, *doer, wire.Request) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	d := &doer{Client: srv.Client()}
	c := wire.New(wire.Options{ServiceID: "S3", Credentials: p, HTTP: d, Retryer: aws.NopRetryer{}})
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

// What is quick writes all of a request before it reads.
func TestLargeBodiesAreNotExchanged(t *testing.T) {
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
	count := map[string]int{}
	for _, way := range d.ways {
		count[way]++
	}
	if diff := cmp.Diff(map[string]int{"do": 1, "exchange": 2}, count); diff != "" {
		t.Error(diff)
	}
	if want := (wire.Attempt{Service: "S3", Operation: "Get", Number: 1}); len(d.attempts) != 3 || d.attempts[0] != want {
		t.Errorf("attempts: %+v", d.attempts)
	}
}

func TestNoCredentials(t *testing.T) {
	c, d, req := newClient(t, nil, func(http.ResponseWriter, *http.Request) {})
	_, err := call(t, c, req)
	if _, ok := errors.AsType[*smithy.OperationError](err); !ok || !strings.Contains(err.Error(), "no credentials") || len(d.ways) != 0 {
		t.Errorf("got %v after %v", err, d.ways)
	}
}
