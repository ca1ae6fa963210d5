package awsconfig

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// turns is how many requests a host lets be in flight.
func turns(h *host) (n int) {
	for h.turns.TryAcquire(1) {
		n++
	}
	h.turns.Release(int64(n))
	return n
}

// How many requests are in flight is settled by the first answer, once.
func TestSize(t *testing.T) {
	for rtt, want := range map[time.Duration]int{
		time.Millisecond: 32, 14 * time.Millisecond: 32, 20 * time.Millisecond: 64, 80 * time.Millisecond: 128, time.Second: 128,
	} {
		h := newHost(true)
		if n := turns(h); n != pilots {
			t.Errorf("%d before anything is known, want %d", n, pilots)
		}
		h.measured(rtt)
		h.measured(time.Hour)
		if n := turns(h); n != want {
			t.Errorf("%s away: %d, want %d", rtt, n, want)
		}
	}
	h := newHost(true)
	h.large.Store(true)
	h.measured(time.Millisecond)
	if n := turns(h); n != 128 {
		t.Errorf("%d for a large batch nearby, want 128", n)
	}
	h = newHost(false)
	h.measured(time.Millisecond)
	if n := turns(h); n != most {
		t.Errorf("%d where nothing is bounded, want %d", n, most)
	}
}

// Through a proxy it is the distance to the host that counts, as its CONNECT
// takes.
func TestSizeThroughProxy(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		here, in, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, in); _ = there.Close() }()
		_, _ = io.Copy(here, there)
	}))
	defer proxy.Close()
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		u, err := url.Parse(proxy.URL)
		tr.Proxy = func(*http.Request) (*url.URL, error) { return u, err }
	})
	tr := newTransport(client, Options{OneShot: true})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := turns(tr.host(req.URL)); n < 64 {
		t.Errorf("%d requests in flight to a host that is 20 ms away, want 64 or more", n)
	}
}
