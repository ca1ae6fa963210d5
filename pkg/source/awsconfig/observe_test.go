package awsconfig_test

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/test/awsfake"
)

// tracer keeps spans, as OpenTelemetry would.
type tracer struct {
	mu    sync.Mutex
	spans []span
}

type span struct {
	source.Attempt
	Status int
	Class  string
}

type spanKey struct{}

func (t *tracer) Start(ctx context.Context, a source.Attempt) (context.Context, func(source.Outcome)) {
	return context.WithValue(ctx, spanKey{}, a), func(out source.Outcome) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.spans = append(t.spans, span{a, out.Status, out.ErrorClass})
	}
}

// roundTripper notes in which span a request is sent.
type roundTripper struct {
	http.RoundTripper
	t *testing.T
}

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if a, ok := req.Context().Value(spanKey{}).(source.Attempt); !ok || a.Operation == "" {
		r.t.Error("a request was sent outside of a span")
	}
	return r.RoundTripper.RoundTrip(req)
}

// Each attempt is observed, by the SDK's clients and without them, and runs in
// the context that the observer made, under a transport of the caller's.
func TestObserver(t *testing.T) {
	t.Parallel()
	srv := awsfake.Start(t)
	seen := &tracer{}
	tab, keys, err := openIn(t, srv.Env(), awsconfig.Options{
		Observer: seen, Meter: &awsconfig.Meter{}, MaxAttempts: 2,
		Transport: func(next http.RoundTripper) http.RoundTripper { return roundTripper{next, t} },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tab.Newest(t.Context(), "a"); err == nil {
		t.Error("there is no table")
	}
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen.spans = nil
	srv.Fail(awsfake.Rule{Code: "ThrottlingException", Message: "slow down", Times: 1})
	if _, _, err := keys.GenerateDataKey(t.Context(), 64, nil); err != nil {
		t.Error(err)
	}
	srv.Fail(awsfake.Rule{Code: "InternalServerError", Status: 500, Times: 2})
	if _, err := tab.Newest(t.Context(), "a"); err == nil {
		t.Error("it did not fail")
	}
	want := []span{
		{source.Attempt{Service: "KMS", Operation: "GenerateDataKey", Number: 1}, 400, "ThrottlingException"},
		{source.Attempt{Service: "KMS", Operation: "GenerateDataKey", Number: 2}, 200, ""},
		{source.Attempt{Service: "DynamoDB", Operation: "Query", Number: 1}, 500, "InternalServerError"},
		{source.Attempt{Service: "DynamoDB", Operation: "Query", Number: 2}, 500, "InternalServerError"},
	}
	if diff := cmp.Diff(want, seen.spans); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRedact(t *testing.T) {
	var out bytes.Buffer
	w := awsconfig.Redact(&out)
	entries := []string{
		"2026/01/02 03:04:05 ours\n",
		"2026/01/02 03:04:05 Unsolicited response received on idle HTTP channel starting with \"SECRET\"; err=<nil>\n",
		"ours again\n",
	}
	for _, e := range entries {
		if n, err := w.Write([]byte(e)); n != len(e) || err != nil {
			t.Errorf("wrote %d of %d: %v", n, len(e), err)
		}
	}
	if want := strings.Join(slices.Delete(entries, 1, 2), ""); out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
