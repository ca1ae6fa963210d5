// Package caroots gives TLS the CA certificates of Mozilla's root program on a
// machine that has none of its own, such as a container image made from scratch.
//
// golang.org/x/crypto/x509roots/fallback does so for every program that links it,
// by parsing all certificates at each start, which takes longer than all else
// that credrender does before main. This package links the same certificates
// and parses them only where they are needed.
package caroots

import (
	"crypto/x509"
	"fmt"
	"os"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Provide makes the embedded certificates those of the process, if the system
// has none and the environment does not choose others. Call it before the
// first TLS connection; only the first call has an effect.
func Provide() { provideOnce() }

var provideOnce = sync.OnceFunc(func() {
	if hasSystemRoots(os.Getenv, os.Stat) { //nolint:forbidigo // crypto/x509 reads the same variables
		return
	}
	pool, err := embedded()
	if err != nil {
		return // TLS then fails as it would without this package
	}
	x509.SetFallbackRoots(pool) // has no effect where crypto/x509 finds roots after all
})

// systemRoots are the places where crypto/x509 looks for roots on Linux, as in
// https://go.dev/src/crypto/x509/root_linux.go
var systemRoots = [...]string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/etc/ssl/certs",
	"/etc/pki/tls/certs",
}

// hasSystemRoots reports whether roots may be found without the embedded ones.
// Roots that the environment chooses are the only ones to trust, even where their
// file is missing.
func hasSystemRoots(getenv func(string) string, stat func(string) (os.FileInfo, error)) bool {
	if getenv("SSL_CERT_FILE") != "" || getenv("SSL_CERT_DIR") != "" {
		return true
	}
	for _, path := range systemRoots {
		if _, err := stat(path); err == nil {
			return true
		}
	}
	return false
}

func embedded() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("embedded CA certificates: %w", err)
		}
		pool.AddCertWithConstraint(c, root.Constraint)
	}
	return pool, nil
}
