package caroots

import (
	"crypto/x509"
	"os"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// AWS's endpoints have certificates below the roots of Amazon Trust Services:
// https://www.amazontrust.com/repository/
func TestEmbeddedRootsIncludeAmazons(t *testing.T) {
	pool, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	found, all := 0, 0
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		all++
		if _, err := c.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: c.NotAfter}); err != nil {
			t.Errorf("%s: %v", c.Subject.String(), err)
		}
		if len(c.Subject.Organization) > 0 && c.Subject.Organization[0] == "Amazon" {
			found++
		}
	}
	if found < 4 || all < 100 {
		t.Errorf("%d roots, of which %d are Amazon's", all, found)
	}
}

func TestEmbeddedRootsAreTheLastResort(t *testing.T) {
	tests := []struct {
		name, variable, file string
		want                 bool
	}{
		{"nothing", "", "", false},
		{"Debian's file", "", "/etc/ssl/certs/ca-certificates.crt", true},
		{"Fedora's folder", "", "/etc/pki/tls/certs", true},
		{"another file", "", "/etc/passwd", false},
		{"the environment chooses a file, which is missing", "SSL_CERT_FILE", "", true},
		{"the environment chooses a folder", "SSL_CERT_DIR", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			getenv := func(variable string) string {
				if variable == tt.variable {
					return "/missing"
				}
				return ""
			}
			stat := func(path string) (os.FileInfo, error) {
				if path == tt.file {
					return nil, nil //nolint:nilnil // only the error counts
				}
				return nil, os.ErrNotExist
			}
			if got := hasSystemRoots(getenv, stat); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
