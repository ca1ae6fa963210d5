package generate

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// key makes a key pair: PKCS #8 and PKIX in PEM, or OpenSSH's private key file and a line
// of authorized_keys.
func (s Spec) key() (Value, error) {
	private, err := s.pair()
	if err != nil {
		return Value{}, fmt.Errorf("make a key: %w", err)
	}
	if strings.HasPrefix(s.format(), "ssh-") {
		return s.openSSH(private)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Value{}, fmt.Errorf("encode a key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return Value{}, fmt.Errorf("encode a public key: %w", err)
	}
	return Value{
		Secret: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		Public: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
	}, nil
}

func (s Spec) pair() (crypto.Signer, error) {
	if s.format() == RSA || s.format() == SSHRSA {
		return rsa.GenerateKey(rand.Reader, s.length())
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return private, err
}

func (s Spec) openSSH(private crypto.Signer) (Value, error) {
	block, err := ssh.MarshalPrivateKey(private, s.Comment)
	if err != nil {
		return Value{}, fmt.Errorf("encode a key: %w", err)
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		return Value{}, fmt.Errorf("encode a public key: %w", err)
	}
	line := strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(public)), "\n")
	if s.Comment != "" {
		line += " " + s.Comment
	}
	return Value{Secret: pem.EncodeToMemory(block), Public: []byte(line + "\n")}, nil
}
