package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

type demoSecret struct {
	name  string
	value []byte
}

// bundleSize is how large the demo's bundle of CA certificates is at least:
// such bundles are what config files of this size are made of.
const bundleSize = 100 << 10

// demoSecrets are what examples/nginx asks for, made on the spot: a
// self-signed pair, a bundle of certificate authorities, passwords.
func demoSecrets() ([]demoSecret, error) {
	cert, key, err := selfSigned("www.example.com", 1)
	if err != nil {
		return nil, err
	}
	var bundle bytes.Buffer
	for serial := int64(2); bundle.Len() < bundleSize; serial++ {
		ca, _, err := selfSigned(fmt.Sprintf("Demo CA %d", serial), serial)
		if err != nil {
			return nil, err
		}
		bundle.Write(ca)
	}
	return []demoSecret{
		{"web.tls.crt", cert},
		{"web.tls.key", key},
		{"web.upstream.ca", bundle.Bytes()},
		{"web.upstream.password", []byte(rand.Text())},
		{"web.admin.password", []byte(rand.Text())},
	}, nil
}

func selfSigned(name string, serial int64) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{"www.example.com", "localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 3, 0),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}
