package job_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/job"
)

func pair(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})
}

func TestCheckKeypair(t *testing.T) {
	cert, key := pair(t)
	_, other := pair(t)
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	odd := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("hunter2")})
	for _, c := range []struct {
		name      string
		cert, key []byte
		want      error
		says      string
	}{
		{"belongs", cert, key, nil, ""},
		{"other key", cert, other, job.ErrKeypair, "do not match"},
		{"encrypted key", cert, encrypted, job.ErrNotCompared, "the key is encrypted"},
		{"key of an unknown kind", cert, odd, job.ErrNotCompared, "algorithm"},
		{"no key", cert, []byte("hunter2"), job.ErrNotCompared, "no PEM private key"},
		{"no certificate", []byte("hunter2"), key, job.ErrNotCompared, "no PEM certificate"},
		{"swapped", key, cert, job.ErrNotCompared, "no PEM certificate"},
	} {
		err := job.CheckKeypair(c.cert, c.key)
		if !errors.Is(err, c.want) || err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// OpenSSL takes a certificate with an old label for the first; crypto/tls skips it, and
// would compare the second with the key.
func TestCheckKeypairOfOldLabels(t *testing.T) {
	first, _ := pair(t)
	cert, key := pair(t)
	for _, label := range []string{"TRUSTED CERTIFICATE", "X509 CERTIFICATE"} {
		chain := strings.ReplaceAll(string(first), " CERTIFICATE", " "+label) + string(cert)
		if err := job.CheckKeypair([]byte(chain), key); !errors.Is(err, job.ErrNotCompared) {
			t.Errorf("%s: %v", label, err)
		}
	}
}
