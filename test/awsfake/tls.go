package awsfake

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// identity is a server's certificate, and the file with the CA that signed it.
type identity struct {
	config *tls.Config
	bundle string
}

// newIdentity makes a CA and a certificate for loopback, each server its own,
// so that none believes another. It panics, as httptest does, where the machine
// lets it do nothing.
func newIdentity() *identity {
	id, err := makeIdentity()
	if err != nil {
		panic(fmt.Sprintf("awstest: make certificates: %v", err))
	}
	return id
}

func makeIdentity() (*identity, error) {
	ca := certificate(1, "awstest CA")
	ca.IsCA, ca.KeyUsage = true, x509.KeyUsageCertSign
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	leaf := certificate(2, "awstest")
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &leafKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	bundle, err := writeBundle(caDER)
	if err != nil {
		return nil, err
	}
	// HTTP/1.1 alone, as DynamoDB and KMS.
	return &identity{bundle: bundle, config: &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}},
	}}, nil
}

func certificate(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), BasicConstraintsValid: true,
	}
}

// writeBundle writes what AWS_CA_BUNDLE names.
func writeBundle(der []byte) (string, error) {
	f, err := os.CreateTemp("", "awstest-ca-*.pem")
	if err != nil {
		return "", err
	}
	defer f.Close()
	return f.Name(), pem.Encode(f, &pem.Block{Type: "CERTIFICATE", Bytes: der})
}
