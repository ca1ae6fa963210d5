package funcs

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

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
