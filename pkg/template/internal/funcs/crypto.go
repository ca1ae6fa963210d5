package funcs

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// hmacHex returns an HMAC in hexadecimal: hmac KEY VALUE with SHA-256, or hmac HASH KEY
// VALUE.
func hmacHex(args ...string) (string, error) {
	if len(args) == 2 {
		args = append([]string{"sha256"}, args...)
	}
	if len(args) != 3 {
		return "", Problem("it takes KEY and VALUE, or HASH, KEY and VALUE")
	}
	hash, ok := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[args[0]]
	switch {
	case !ok:
		return "", Problem("its hash is one of sha1, sha256, sha512")
	case args[1] == "":
		return "", Problem("its key is empty")
	}
	mac := hmac.New(hash, []byte(args[1]))
	mac.Write([]byte(args[2]))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

func overBcrypt(own any) any {
	return func(s string) (string, error) {
		hash := own.(func(string) string)(s)
		if !strings.HasPrefix(hash, "$2") {
			return "", Problem("bcrypt takes no more than 72 bytes")
		}
		return hash, nil
	}
}

func overDerivePassword(own any) any {
	f := own.(func(uint32, string, string, string, string) string)
	return func(counter uint32, kind, password, user, site string) (string, error) {
		if !slices.Contains([]string{"maximum", "long", "medium", "short", "basic", "pin"}, kind) {
			return "", Problem("the password type is one of maximum, long, medium, short, basic, pin")
		}
		return f(counter, kind, password, user, site), nil
	}
}

func overGenPrivateKey(own any) any {
	return func(kind string) (string, error) {
		if !slices.Contains([]string{"", "rsa", "dsa", "ecdsa", "ed25519"}, kind) {
			return "", Problem("the key type is one of rsa, dsa, ecdsa, ed25519")
		}
		return own.(func(string) string)(kind), nil
	}
}

// overEncryptAES refuses a text of which Sprig's makes nothing, and passwords that
// it would cut off.
func overEncryptAES(own any) any {
	f := own.(func(string, string) (string, error))
	return func(password, text string) (string, error) {
		if err := checkAES(password); err != nil {
			return "", err
		}
		if text == "" {
			return "", Problem("nothing to encrypt: its text is empty")
		}
		return f(password, text)
	}
}

// decryptAES undoes Sprig's encryptAES (AES-256-CBC). The format authenticates
// nothing: a wrong password is found by the padding, in 255 cases of 256.
func decryptAES(password, encrypted string) (string, error) {
	if err := checkAES(password); err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(data) < 2*aes.BlockSize || len(data)%aes.BlockSize != 0 {
		return "", Problem("its input is not what encryptAES writes")
	}
	key := make([]byte, 32)
	copy(key, password)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	iv, text := data[:aes.BlockSize], data[aes.BlockSize:]
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, text)
	padding := int(text[len(text)-1])
	if padding < 1 || padding > aes.BlockSize || !bytes.Equal(text[len(text)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return "", Problem("the password is wrong, or its input is not what encryptAES writes")
	}
	return string(text[:len(text)-padding]), nil
}

func checkAES(password string) error {
	switch {
	case password == "":
		return Problem("the password is empty")
	case len(password) > 32:
		return Problem("the password is longer than 32 bytes, and the rest would be ignored")
	}
	return nil
}

// pemBlocks reads all blocks of a PEM text. encoding/pem skips what it cannot read, so
// every boundary must belong to a block.
func pemBlocks(text string) (blocks []*pem.Block, err error) {
	rest := []byte(text)
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		read := rest[:len(rest)-len(after)]
		if bytes.Count(read, []byte("-----BEGIN ")) != 1 {
			return nil, Problem(fmt.Sprintf("block %d of the PEM text is damaged", len(blocks)+1))
		}
		blocks, rest = append(blocks, block), after
	}
	switch {
	case len(blocks) == 0:
		return nil, Problem("its input contains no PEM block")
	case bytes.Contains(rest, []byte("-----BEGIN ")), bytes.Contains(rest, []byte("-----END ")):
		return nil, Problem(fmt.Sprintf("block %d of the PEM text is damaged", len(blocks)+1))
	}
	return blocks, nil
}

// PEMSplit returns the blocks of a PEM text, each a PEM text of its own: pemSplit TEXT, or
// pemSplit TYPE TEXT for those of a type. "PRIVATE KEY" selects all kinds of private keys.
// None of a type is an empty list.
func PEMSplit(args ...string) ([]any, error) {
	if len(args) == 0 || len(args) > 2 {
		return nil, Problem("it takes TEXT, or TYPE and TEXT")
	}
	blocks, err := pemBlocks(args[len(args)-1])
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, b := range blocks {
		if len(args) == 1 || b.Type == args[0] || args[0] == "PRIVATE KEY" && strings.HasSuffix(b.Type, " PRIVATE KEY") {
			list = append(list, string(pem.EncodeToMemory(b)))
		}
	}
	return list, nil
}

// Certificates returns the certificates of a PEM text, in its order. Other blocks are
// left out.
func Certificates(text string) (certs []*x509.Certificate, err error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, &Failure{Text: err.Error(), Safe: fmt.Sprintf("certificate %d cannot be read", len(certs)+1)}
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, Problem("its input contains no certificate")
	}
	return certs, nil
}

// CertInfo describes the first certificate of a PEM text.
func CertInfo(text string) (map[string]any, error) {
	certs, err := Certificates(text)
	if err != nil {
		return nil, err
	}
	c := certs[0]
	sans := []any{}
	for _, name := range c.DNSNames {
		sans = append(sans, name)
	}
	for _, ip := range c.IPAddresses {
		sans = append(sans, ip.String())
	}
	for _, mail := range c.EmailAddresses {
		sans = append(sans, mail)
	}
	for _, uri := range c.URIs {
		sans = append(sans, uri.String())
	}
	sum := sha256.Sum256(c.Raw)
	return map[string]any{
		"subject": c.Subject.String(), "issuer": c.Issuer.String(), "commonName": c.Subject.CommonName, "sans": sans,
		"notBefore": c.NotBefore, "notAfter": c.NotAfter, "serial": c.SerialNumber.Text(16), "isCA": c.IsCA,
		"sha256": hex.EncodeToString(sum[:]),
	}, nil
}

// CertChain returns the certificates of PEM texts as servers want them: first the
// leaf, then the issuer of each one before.
func CertChain(texts ...string) (string, error) {
	chain, err := Chain(strings.Join(texts, "\n"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range chain {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String(), nil
}

// Chain returns the certificates of a PEM text in that order.
func Chain(text string) ([]*x509.Certificate, error) {
	all, err := Certificates(text)
	if err != nil {
		return nil, err
	}
	left := []*x509.Certificate{}
	for _, c := range all {
		if !slices.ContainsFunc(left, c.Equal) {
			left = append(left, c)
		}
	}
	leaves := slices.DeleteFunc(slices.Clone(left), func(c *x509.Certificate) bool {
		return slices.ContainsFunc(left, func(o *x509.Certificate) bool { return !o.Equal(c) && issued(c, o) })
	})
	if len(leaves) != 1 {
		return nil, Problem(fmt.Sprintf("its certificates do not form a chain: %d of %d issued none of the others", len(leaves), len(left)))
	}
	chain := leaves
	left = slices.DeleteFunc(left, leaves[0].Equal)
	for len(left) > 0 {
		last := chain[len(chain)-1]
		next := slices.IndexFunc(left, func(c *x509.Certificate) bool { return issued(c, last) })
		if next < 0 {
			return nil, Problem(fmt.Sprintf("its certificates do not form a chain: %d of them are unrelated to the others", len(left)))
		}
		chain = append(chain, left[next])
		left = slices.Delete(left, next, next+1)
	}
	return chain, nil
}

// issued reports whether one certificate signed another. Signatures of algorithms that
// crypto/x509 does not know are not checked.
func issued(issuer, c *x509.Certificate) bool {
	if !bytes.Equal(issuer.RawSubject, c.RawIssuer) {
		return false
	}
	if issuer.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm || c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm {
		return true
	}
	return issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}
