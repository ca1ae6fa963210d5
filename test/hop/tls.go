package hop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"regexp"
	"sync"
	"time"
)

// identities are the certificates that a hop can show.
type identities struct {
	good, old, elsewhere, unknown tls.Certificate
	pem                           []byte
}

// certificates makes them once for all hops of the process.
var certificates = sync.OnceValues(makeIdentities)

// CA returns the certificate that AWS_CA_BUNDLE has to name, in PEM.
func CA() ([]byte, error) {
	ids, err := certificates()
	if err != nil {
		return nil, err
	}
	return ids.pem, nil
}

func makeIdentities() (*identities, error) {
	ca, key, err := authority()
	if err != nil {
		return nil, err
	}
	other, otherKey, err := authority()
	if err != nil {
		return nil, err
	}
	ids := &identities{pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})}
	for _, c := range []struct {
		to   *tls.Certificate
		name string
		age  time.Duration
		ca   *x509.Certificate
		key  *ecdsa.PrivateKey
	}{
		{&ids.good, "*." + Domain, 0, ca, key},
		{&ids.old, "*." + Domain, 48 * time.Hour, ca, key},
		{&ids.elsewhere, "another.test", 0, ca, key},
		{&ids.unknown, "*." + Domain, 0, other, otherKey},
	} {
		if *c.to, err = issue(c.name, c.age, c.ca, c.key); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func authority() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	t := pattern("a CA of tests", 0)
	t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, err
}

func issue(name string, age time.Duration, ca *x509.Certificate, by *ecdsa.PrivateKey) (tls.Certificate, error) {
	t := pattern(name, age)
	t.DNSNames, t.ExtKeyUsage = []string{name}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca, &key.PublicKey, by)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func pattern(name string, age time.Duration) *x509.Certificate {
	now := time.Now().Add(-age)
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), BasicConstraintsValid: true,
	}
}

// config returns the settings for one connection.
func (i *identities) config(f *Fault) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{i.good}}
	if f == nil {
		return c
	}
	switch f.Name {
	case tlsExpired:
		c.Certificates = []tls.Certificate{i.old}
	case tlsElsewhere:
		c.Certificates = []tls.Certificate{i.elsewhere}
	case tlsUnknown:
		c.Certificates = []tls.Certificate{i.unknown}
	case tlsAlert:
		c.Certificates = nil
	}
	return c
}

// Names of the kinds that change the certificate.
const (
	tlsExpired   = "TLS: certificate expired"
	tlsElsewhere = "TLS: certificate for another host"
	tlsUnknown   = "TLS: certificate of an unknown CA"
	tlsAlert     = "TLS: alert"
)

func handshakes() []Kind {
	cause := regexp.MustCompile(causeTLS)
	k := func(name, why string, before func(*conn) bool) Kind {
		if why != "" {
			cause = regexp.MustCompile(why)
		}
		return Kind{Name: name, Handshake: true, Cause: cause, before: before}
	}
	return []Kind{
		k(tlsExpired, "certificate has expired", nil),
		k(tlsElsewhere, "certificate is for another host", nil),
		k(tlsUnknown, "signed by an unknown authority", nil),
		k(tlsAlert, causeTLS, nil),
		k("TLS: plain HTTP", "not TLS|"+causeTLS, func(c *conn) bool {
			c.send([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
			return true
		}),
		k("TLS: reset", causeTLS, func(c *conn) bool { abort(c.raw); return true }),
		k("TLS: closed", causeTLS, func(*conn) bool { return true }),
		k("TLS: silence", causeTLS+"|"+causeSilent, func(c *conn) bool {
			for {
				if _, err := c.raw.Read(make([]byte, 512)); err != nil {
					return true
				}
			}
		}),
	}
}
