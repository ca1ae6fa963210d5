package awsconfig

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// roots are the root certificates that connections trust. crypto/x509 parses all roots of
// the system at the first handshake, which takes longer than the rest of a render of one
// secret (docs/dev/measured.md). So the first handshakes trust only Amazon's, which sign
// the certificates of AWS's endpoints: https://www.amazontrust.com/repository/
// Where these do not suffice, as behind a proxy that terminates TLS, the system's other
// roots are trusted as well from then on.
type roots struct {
	amazon func() *x509.CertPool // nil: the system's roots
	all    atomic.Bool
}

// pool returns the roots to trust now; nil: those of the system.
func (r *roots) pool() *x509.CertPool {
	if r.amazon == nil || r.all.Load() {
		return nil
	}
	return r.amazon()
}

// extend reports whether a handshake that failed can succeed with the roots of the system,
// because it trusted fewer.
func (r *roots) extend(trusted *x509.CertPool, failed error) bool {
	var unverified *tls.CertificateVerificationError
	if trusted == nil || !errors.As(failed, &unverified) {
		return false
	}
	r.all.Store(true)
	return true
}

// newRoots returns the roots of a transport whose configuration has none of its own.
func newRoots() *roots {
	if runtime.GOOS != "linux" {
		return &roots{} // others keep roots in a database, which can distrust one of a file
	}
	return &roots{amazon: sync.OnceValue(func() *x509.CertPool { return amazonsOf(systemRoots()) })}
}

// systemRoots returns the contents of the file that crypto/x509 reads on Linux, as in
// https://go.dev/src/crypto/x509/root_linux.go. It also reads folders: these roots are
// some of the system's.
func systemRoots() []byte {
	files := []string{
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/cert.pem",
	}
	if chosen := os.Getenv("SSL_CERT_FILE"); chosen != "" { // as crypto/x509
		files = []string{chosen}
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			return text
		}
	}
	return nil
}

// amazonsOf returns the certificates of PEM blocks whose organization is Amazon, or nil if
// there are none. The others are not parsed.
func amazonsOf(blocks []byte) *x509.CertPool {
	const organization = "Amazon"
	var pool *x509.CertPool
	for block, rest := pem.Decode(blocks); block != nil; block, rest = pem.Decode(rest) {
		if !bytes.Contains(block.Bytes, []byte(organization)) {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !slices.Contains(c.Subject.Organization, organization) {
			continue
		}
		pool = cmp.Or(pool, x509.NewCertPool())
		pool.AddCert(c)
	}
	return pool
}
