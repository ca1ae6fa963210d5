package generate

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
)

// Package golang.org/x/crypto/ssh would do what this file does. But with it, each start of
// the program would make the tables of its protocol; the tests read the keys with it.

// openSSHPad is the block size up to which the private part of an unencrypted file is padded.
const openSSHPad = 8

// openSSH encodes a pair as OpenSSH's private key file and a line of authorized_keys
// (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key). The parts of the
// keys are those of RFC 4253 section 6.6, RFC 8709, and draft-ietf-sshm-ssh-agent section 3.2.
func (s Spec) openSSH(private crypto.Signer) (Value, error) {
	kind, public, secret, err := openSSHParts(private)
	if err != nil {
		return Value{}, err
	}
	check := make([]byte, 4)
	_, _ = rand.Read(check) // it never fails
	block := append(append(check, check...), secret...)
	block = sshString(block, []byte(s.Comment))
	for i := byte(1); len(block)%openSSHPad != 0; i++ {
		block = append(block, i)
	}
	file := []byte("openssh-key-v1\x00")
	for _, field := range []string{"none", "none", ""} { // cipher, derivation of its key, options of that
		file = sshString(file, []byte(field))
	}
	file = binary.BigEndian.AppendUint32(file, 1) // keys
	file = sshString(sshString(file, public), block)
	line := kind + " " + base64.StdEncoding.EncodeToString(public)
	if s.Comment != "" {
		line += " " + s.Comment
	}
	return Value{Secret: pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: file}), Public: []byte(line + "\n")}, nil
}

// openSSHParts returns the type of a key, its public half, and both halves.
func openSSHParts(private crypto.Signer) (kind string, public, secret []byte, err error) {
	switch k := private.(type) {
	case ed25519.PrivateKey:
		kind = "ssh-ed25519"
		name := sshString(nil, []byte(kind))
		public = sshString(name, k[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
		return kind, public, sshString(public[:len(public):len(public)], k), nil
	case *rsa.PrivateKey:
		kind = "ssh-rsa"
		e := big.NewInt(int64(k.E))
		name := sshString(nil, []byte(kind))
		public = sshNumbers(name[:len(name):len(name)], e, k.N)
		return kind, public, sshNumbers(name, k.N, e, k.D, k.Precomputed.Qinv, k.Primes[0], k.Primes[1]), nil
	}
	return "", nil, nil, fmt.Errorf("no OpenSSH form of a %T", private)
}

// sshString appends a string of RFC 4251 section 5.
func sshString(b, s []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...) //nolint:gosec // parts of keys
}

// sshNumbers appends positive numbers as mpint of RFC 4251 section 5: with a zero before a
// first bit that would mean a negative one.
func sshNumbers(b []byte, numbers ...*big.Int) []byte {
	for _, n := range numbers {
		text := n.Bytes()
		if n.BitLen()%8 == 0 {
			text = append([]byte{0}, text...)
		}
		b = sshString(b, text)
	}
	return b
}
