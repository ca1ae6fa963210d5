package template

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"io"
	"strings"
	"unicode/utf8"

	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Keystores of a certificate, its chain and its key. Both formats contain random salts.
// Here these are an HMAC of all arguments under the host's own key, as that of htpasswd
// is: equal arguments give equal bytes, other arguments other salts, and nothing about a
// password can be tested on a salt without that key.

// pkcs12Of returns a PKCS#12 file that OpenSSL 1.1.1, Java 12 and their successors read.
func pkcs12Of(p *pass, cert, key, password string) (string, error) {
	pair, err := readPair(cert, key)
	if err != nil {
		return "", err
	}
	switch {
	case password == "":
		return "", errNoPassword
	case !utf8.ValidString(password) || strings.ContainsFunc(password, func(r rune) bool { return r == 0 || r > 0xffff }):
		return "", funcs.Problem("the password contains a zero byte, or a character that PKCS#12 cannot contain")
	}
	salts, err := p.salts("pkcs12", cert, key, password)
	if err != nil {
		return "", err
	}
	data, err := pkcs12.Modern2023.WithRand(salts).Encode(pair.private, pair.chain[0], pair.chain[1:], password)
	return string(data), err
}

// jksOf returns a Java keystore with one entry, of keytool's default alias. The date of
// the entry is the one from which the certificate is valid.
func jksOf(p *pass, cert, key, password string) (string, error) {
	pair, err := readPair(cert, key)
	if err != nil {
		return "", err
	}
	switch {
	case password == "":
		return "", errNoPassword
	case strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' }):
		return "", funcs.Problem("the password of a JKS contains characters other than printable ASCII, which Java programs read differently")
	case len(password) < minJKS:
		return "", funcs.Problem("the password is shorter than 6 characters, which keytool refuses")
	}
	salts, err := p.salts("jks", cert, key, password)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.private)
	if err != nil {
		return "", err
	}
	entry := keystore.PrivateKeyEntry{CreationTime: pair.chain[0].NotBefore, PrivateKey: der}
	for _, c := range pair.chain {
		entry.CertificateChain = append(entry.CertificateChain, keystore.Certificate{Type: "X509", Content: c.Raw})
	}
	store := keystore.New(keystore.WithCustomRandomNumberGenerator(salts))
	if err := store.SetPrivateKeyEntry("mykey", entry, []byte(password)); err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = store.Store(&b, []byte(password))
	return b.String(), err
}

// minJKS is the length of the shortest password that keytool accepts.
const minJKS = 6

var errNoPassword = funcs.Problem("the password is empty")

// keyPair is what a keystore holds.
type keyPair struct {
	chain   []*x509.Certificate // the leaf first
	private crypto.Signer
}

func readPair(cert, key string) (pair keyPair, err error) {
	if pair.chain, err = funcs.Chain(cert); err != nil {
		return pair, err
	}
	if pair.private, err = privateKey(key); err != nil {
		return pair, err
	}
	public, ok := pair.private.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(pair.chain[0].PublicKey) {
		return pair, funcs.Problem("the key does not belong to the certificate")
	}
	return pair, nil
}

// privateKey reads the first private key of a PEM text.
func privateKey(text string) (crypto.Signer, error) {
	found, err := funcs.PEMSplit("PRIVATE KEY", text)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, funcs.Problem("KEY contains no private key, or several")
	}
	block, _ := pem.Decode([]byte(found[0].(string)))
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, funcs.Problem("the key is encrypted")
	}
	var key any
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, funcs.Problem("the key is damaged, or of an algorithm other than RSA, ECDSA on a NIST curve, and Ed25519")
	}
	return signer, nil
}

// salts returns the bytes that a keystore takes for random. In a pass that is not real
// the keystore is not made, as it takes milliseconds.
func (p *pass) salts(kind string, args ...string) (io.Reader, error) {
	key, err := p.saltKey()
	switch {
	case err != nil:
		return nil, err
	case len(key) < minKey:
		return nil, errShortKey
	case !p.real:
		p.random = true
		return nil, errUnknown
	}
	mac := hmac.New(sha256.New, key)
	for _, s := range append([]string{kind}, args...) {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(s)))
		mac.Write([]byte(s))
	}
	return &saltStream{seed: mac.Sum(nil)}, nil
}

// saltStream is an HMAC over a counter.
type saltStream struct {
	seed  []byte
	count uint64
	rest  []byte
}

func (s *saltStream) Read(b []byte) (int, error) {
	for n := 0; n < len(b); {
		if len(s.rest) == 0 {
			mac := hmac.New(sha256.New, s.seed)
			_ = binary.Write(mac, binary.BigEndian, s.count)
			s.count++
			s.rest = mac.Sum(nil)
		}
		copied := copy(b[n:], s.rest)
		n, s.rest = n+copied, s.rest[copied:]
	}
	return len(b), nil
}
