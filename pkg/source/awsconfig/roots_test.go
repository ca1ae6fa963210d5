package awsconfig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// authority returns a certificate for loopback that signs itself, and a server with it.
func authority(t *testing.T, organization string) (der []byte, url string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		Subject:     pkix.Name{Organization: []string{organization}, CommonName: organization + " Root"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	if der, err = x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return der, srv.URL
}

// system makes certificates those of the system: these, and some of Mozilla's program.
func system(t *testing.T, ders ...[]byte) (file string) {
	t.Helper()
	for root := range bundle.Roots() {
		if len(ders) < 20 {
			ders = append(ders, root.Certificate)
		}
	}
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	file = filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	return file
}

// get sends a request as one-shot runs do, and returns the roots of its transport.
func get(t *testing.T, url string) (*roots, error) {
	t.Helper()
	tr := newTransport(newHTTPClient(Options{}), Options{OneShot: true})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	return tr.roots, err
}

func TestAmazonsRootsAloneAreParsed(t *testing.T) {
	der, url := authority(t, "Amazon")
	system(t, der)
	r, err := get(t, url)
	if err != nil {
		t.Fatal(err)
	}
	if r.all.Load() {
		t.Error("all roots of the system are parsed for a certificate of Amazon's")
	}
}

// The name is no more than a filter: what the system does not trust stays untrusted.
func TestAmazonsNameIsNotTrusted(t *testing.T) {
	_, url := authority(t, "Amazon")
	other, _ := authority(t, "Amazon")
	system(t, other)
	_, err := get(t, url)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("got %v, want an unknown authority", err)
	}
}

// In a process of its own, since crypto/x509 reads the roots of the system once.
func TestOtherRootsOfTheSystemAreTrusted(t *testing.T) {
	if url := os.Getenv("ROOTS_TEST_URL"); url != "" {
		r, err := get(t, url)
		if err != nil {
			t.Error(err)
		} else if !r.all.Load() {
			t.Error("Amazon's roots were enough: this test cannot fail")
		}
		return
	}
	other, url := authority(t, "Proxies Inc")
	amazon, _ := authority(t, "Amazon")
	system(t, amazon, other)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "ROOTS_TEST_URL="+url)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAmazonsOf(t *testing.T) {
	var text []byte
	want, n := x509.NewCertPool(), 0
	for root := range bundle.Roots() {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})...)
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(c.Subject.Organization, "Amazon") {
			want.AddCert(c)
			n++
		}
	}
	if got := amazonsOf(text); got == nil || !got.Equal(want) || n < 4 {
		t.Errorf("got %v, want Amazon's four roots", got)
	}
	if got := amazonsOf([]byte("no certificates")); got != nil {
		t.Errorf("got %v without a certificate of Amazon's, want the system's roots", got)
	}
}
