package hop_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/credrender/credrender/test/hop"
)

// echo answers with the body of a request, and a request id.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("id-%x", body))
	_, _ = w.Write(body)
}

func start(t *testing.T, secure bool) *hop.Hop {
	t.Helper()
	h, err := hop.New("dynamodb", http.HandlerFunc(echo), secure)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// client returns one without connections, that trusts the hops' CA and finds their names.
func client(t *testing.T) *http.Client {
	t.Helper()
	ca, err := hop.CA()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		var d net.Dialer
		return d.DialContext(ctx, network, "127.0.0.1:"+port)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask posts a question about a secret and returns the answer, or what went wrong.
func ask(t *testing.T, c *http.Client, h *hop.Hop, subject string) (question, answer string) {
	t.Helper()
	limit := time.Minute
	if subject == "db" { // what is silent never ends
		limit = 2 * time.Second
	}
	question = `{"name":{"S":"` + subject + `"}}`
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810.Query")
	resp, err := c.Do(req)
	if err != nil {
		return question, "error: " + err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return question, "error: " + err.Error()
	}
	return question, fmt.Sprint(resp.StatusCode, " ", string(body))
}

// Each kind of fault does something to the request that it is for, and nothing to the
// next one. Those that are benign deliver the right answer.
func TestEachFaultHappens(t *testing.T) {
	for _, k := range hop.Kinds() {
		if k.Services != nil && k.Services[0] != "dynamodb" {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			h, c := start(t, k.Handshake), client(t)
			c.Transport.(*http.Transport).DisableKeepAlives = true
			var begun, met atomic.Int64
			h.Begin(func(req hop.Request) *hop.Fault {
				if (req.Operation == hop.Handshake) != k.Handshake || begun.Load() == 0 || met.Add(1) > 1 {
					return nil
				}
				return &hop.Fault{Kind: k, Request: req}
			})
			ask(t, c, h, "earlier") // its answer can be given to others
			begun.Store(1)
			question, got := ask(t, c, h, "db")
			right := got == "200 "+question
			if met.Load() != 1 || right != (k.Benign || k.Name == "reordered") {
				t.Errorf("met %d times, and the answer is %.80q", met.Load(), got)
			}
			if question, got := ask(t, c, h, "key"); got != "200 "+question {
				t.Errorf("the next answer is %.80q", got)
			}
		})
	}
}

// A seed draws the same faults for the same requests.
func TestDrawIsRepeatable(t *testing.T) {
	draw := func(seed uint64) (names []string) {
		r := rand.New(rand.NewPCG(seed, 0))
		for range 50 {
			f := hop.Draw(r, hop.Request{Service: "kms", Operation: "TrentService.Decrypt"})
			if f.Handshake {
				t.Errorf("%s for a request", f.Name)
			}
			names = append(names, fmt.Sprint(f.Name, f.Delay))
		}
		return names
	}
	if a, b := fmt.Sprint(draw(7)), fmt.Sprint(draw(7)); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if fmt.Sprint(draw(7)) == fmt.Sprint(draw(8)) {
		t.Error("two seeds draw the same")
	}
}

// The name server knows the hops' names, and fails as it is told.
func TestNameServer(t *testing.T) {
	n, err := hop.NewNameServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", n.Addr)
	}}
	addrs, err := r.LookupHost(t.Context(), "kms."+hop.Domain)
	if err != nil || len(addrs) != 1 || addrs[0] != "127.0.0.1" || n.Queries() == 0 {
		t.Errorf("got %v after %d queries: %v", addrs, n.Queries(), err)
	}
	for _, o := range []hop.Outage{hop.NoSuchName, hop.ServerFail, hop.NoReply, hop.BadReply} {
		n.Set(o)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if addrs, err := r.LookupHost(ctx, "kms."+hop.Domain); err == nil || n.Queries() == 0 {
			t.Errorf("%s: got %v after %d queries", o, addrs, n.Queries())
		}
		cancel()
	}
}
