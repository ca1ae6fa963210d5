package job

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// ErrKeypair reports that a private key does not belong to its certificate.
var ErrKeypair = errors.New("certificate and key do not match")

// ErrNotCompared reports that a key and a certificate cannot be compared.
var ErrNotCompared = errors.New("certificate and key cannot be compared")

// CheckKeypair reports whether the private key belongs to the first
// certificate, both PEM.
func CheckKeypair(cert, key []byte) error {
	if b := findBlock(cert, isOtherCert); b != nil {
		return fmt.Errorf("%w: the first contains a block of the type %q, which OpenSSL reads as a certificate and other programs do not", ErrNotCompared, b.Type)
	}
	_, err := tls.X509KeyPair(cert, key)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "does not match"): // crypto/tls has no error values
		return ErrKeypair
	}
	return fmt.Errorf("%w: %s", ErrNotCompared, whyNotCompared(cert, key))
}

// whyNotCompared describes the fault. The parsers' own errors quote their input.
func whyNotCompared(cert, key []byte) string {
	isCert := func(b *pem.Block) bool { return b.Type == "CERTIFICATE" }
	isKey := func(b *pem.Block) bool { return strings.HasSuffix(b.Type, "PRIVATE KEY") }
	if findBlock(cert, isCert) == nil {
		return "the first contains no PEM certificate"
	}
	block := findBlock(key, isKey)
	switch {
	case block == nil:
		return "the second contains no PEM private key"
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return "the key is encrypted"
	}
	return "one of them is damaged, or of an algorithm other than RSA, ECDSA on a NIST curve, and Ed25519"
}

// isOtherCert tells the labels of certificates that OpenSSL reads besides CERTIFICATE
// (openssl-format-options(1)). crypto/tls skips them, and would compare another one.
func isOtherCert(b *pem.Block) bool {
	return b.Type == "TRUSTED CERTIFICATE" || b.Type == "X509 CERTIFICATE"
}

func findBlock(data []byte, is func(*pem.Block) bool) *pem.Block {
	for {
		block, rest := pem.Decode(data)
		if block == nil || is(block) {
			return block
		}
		data = rest
	}
}
