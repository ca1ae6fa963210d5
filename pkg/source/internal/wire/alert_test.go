package wire_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// A server that refuses the handshake sends an alert, whose text is the cause.
func TestAlertIsNamed(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	srv.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12}, nil
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("the handshake succeeds")
	}
	if got := wire.Why(err); !strings.Contains(got, "TLS") || !strings.Contains(got, "tls: ") {
		t.Errorf("got %q of %v", got, err)
	}
}
