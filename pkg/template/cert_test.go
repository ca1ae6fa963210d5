package template_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/template"
)

// authority issues certificates below it; one without a parent is a root.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (a *authority) issue(t *testing.T, name string, isCA bool) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(255), Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}},
		NotBefore: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		DNSNames: []string{name, "*." + name}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)},
	}
	issuer := a
	if a == nil {
		issuer = &authority{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer.cert, &key.PublicKey, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{made, key}
}

func (a *authority) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

func (a *authority) keyPEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestCertificates(t *testing.T) {
	root := (*authority)(nil).issue(t, "root.test", true)
	middle := root.issue(t, "middle.test", true)
	leaf := middle.issue(t, "leaf.test", false)
	other := root.issue(t, "other.test", false)
	w := newWorld()
	w.secrets["leaf"], w.secrets["leaf.key"] = leaf.certPEM(), leaf.keyPEM(t)
	w.secrets["cas"] = "subject=root\n" + root.certPEM() + middle.certPEM()
	w.secrets["all"] = root.certPEM() + leaf.keyPEM(t) + leaf.certPEM() + root.certPEM() + middle.certPEM()
	w.secrets["two"] = w.secrets["all"] + other.certPEM()
	w.secrets["gap"] = leaf.certPEM() + root.certPEM()
	w.secrets["cut"] = strings.Replace(leaf.certPEM(), "-----END", "-----", 1) + root.certPEM()
	w.secrets["garbled"] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	for text, want := range map[string]string{
		`{{(certInfo (secret "leaf")).subject}}`:                                          "CN=leaf.test,O=Example",
		`{{with certInfo (secret "leaf")}}{{.issuer}} {{.commonName}} {{.serial}}{{end}}`: "CN=middle.test,O=Example leaf.test ff",
		`{{with certInfo (secret "leaf")}}{{join "," .sans}} {{.isCA}}{{end}}`:            "leaf.test,*.leaf.test,192.0.2.1 false",
		`{{(certInfo (secret "leaf")).notAfter | date "2006-01-02"}}`:                     "2030-01-02",
		`{{(certInfo (secret "leaf")).notBefore | unixEpoch}}`:                            "1767323045",
		`{{pemSplit (secret "all") | len}}`:                                               "5",
		`{{pemSplit "CERTIFICATE" (secret "all") | join ""}}`:                             root.certPEM() + leaf.certPEM() + root.certPEM() + middle.certPEM(),
		`{{pemSplit "PRIVATE KEY" (secret "all") | join ""}}`:                             leaf.keyPEM(t),
		`{{pemSplit "X509 CRL" (secret "all") | len}}`:                                    "0",
		`{{certChain (secret "leaf") (secret "cas")}}`:                                    leaf.certPEM() + middle.certPEM() + root.certPEM(),
		`{{secret "all" | certChain}}`:                                                    leaf.certPEM() + middle.certPEM() + root.certPEM(),
		`{{certChain (secret "leaf")}}`:                                                   leaf.certPEM(),
	} {
		_, out, err := w.render(t, text, template.Options{Name: "n"})
		if err != nil || string(out.Bytes) != want {
			t.Errorf("%s: got %q, %v, want %q", text, out.Bytes, err, want)
		}
	}
	for text, want := range map[string]string{
		`{{certChain (secret "two")}}`:               "certChain: secret two: its certificates do not form a chain: 2 of 4 issued none of the others",
		`{{certChain (secret "gap")}}`:               "chain: 2 of 2",
		`{{certInfo (secret "cut")}}`:                "certInfo: secret cut: block 1 of the PEM text is damaged",
		`{{(certInfo (secret "garbled")).subject}}`:  "certInfo: secret garbled: certificate 1 cannot be read",
		`{{(certInfo (secret "leaf.key")).subject}}`: "certInfo: secret leaf.key: its input contains no certificate",
		`{{pemSplit (secret "a") | join ""}}`:        "pemSplit: secret a: its input contains no PEM block",
	} {
		_, _, err := w.render(t, text, template.Options{Name: "n"})
		e, ok := errors.AsType[*template.Error](err)
		if !ok || !strings.Contains(err.Error(), want) || !e.OfValue && !strings.Contains(text, "{{certInfo") {
			t.Errorf("%s: got %v, want %q, of a value", text, err, want)
		}
	}
}

func TestRequiredHMACAndMergeDeep(t *testing.T) {
	w := newWorld()
	w.secrets["doc"], w.secrets["over"] = `{"a":{"b":1,"c":[1,2]},"z":0}`, `{"a":{"c":[3],"d":{"e":null}},"n":12345678901234567890}`
	w.secrets["key"], w.secrets["message"] = "key", "The quick brown fox jumps over the lazy dog"
	for text, want := range map[string]string{
		`{{hmac (secret "key") (secret "message")}}`:                                                                                                                 "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
		`{{secret "message" | hmac "sha1" "key"}}`:                                                                                                                   "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9",
		`{{mergeDeep (secret "doc" | fromJson) (secret "over" | fromJson) | toJson}}`:                                                                                `{"a":{"b":1,"c":[3],"d":{"e":null}},"n":12345678901234567890,"z":0}`,
		`{{$d := secret "doc" | fromJson}}{{$m := mergeDeep $d (dict "a" (dict "b" 2))}}{{$d.a.b}}{{$m.a.b}}`:                                                        "12",
		`{{$d := dict "a" (dict)}}{{$m := mergeDeep (dict) $d (dict "a" (dict "b" 2))}}{{$d.a | len}}{{$m.a.b}}`:                                                     "02",
		`{{required "why" (secret "a")}}{{required "why" 0}}{{required "why" false}}{{secret "a" | required "why" | upper}}`:                                         "A0falseA",
		`{{(required "why" (dict "k" (secret "a"))).k}}{{required "why" .Vars.n}}{{with .Vars}}{{.n | required "why"}}{{end}}{{$v := .Vars}}{{required "why" $v.n}}`: "A333",
		`{{if eq 1 2}}{{required "why" .Vars.nope}}{{end}}`:                                                                                                          "",
	} {
		_, out, err := w.render(t, text, template.Options{Name: "n", Vars: map[string]any{"n": 3}})
		if err != nil || string(out.Bytes) != want {
			t.Errorf("%s: got %q, %v, want %q", text, out.Bytes, err, want)
		}
	}
	for text, want := range map[string]string{
		`{{required "set the port" .Vars.nope}}`:                        "template n:1:3: required: set the port",
		`{{.Vars.nope.deeper | required "set it"}}`:                     "required: set it",
		`{{$v := .Vars}}{{required "set it" $v.nope}}`:                  "required: set it",
		`{{required "set it" ""}}`:                                      "required: set it",
		`{{required "set it" (secret "empty")}}`:                        "required: set it",
		`{{required (printf "no %s" (secret "key")) ""}}`:               "required: (message hidden: it may depend on a secret)",
		`{{required "set it" .Vars.n.x}}`:                               "can't evaluate field x in type int",
		`{{hmac "" "x"}}`:                                               "hmac: its key is empty",
		`{{hmac "md5" "k" "x"}}`:                                        "hmac: its hash is one of sha1, sha256, sha512",
		`{{hmac "x"}}`:                                                  "hmac: it takes KEY and VALUE",
		`{{mergeDeep (dict) nil | toJson}}`:                             "mergeDeep: argument 2 is nil",
		`{{mergeDeep (dict) (secret "a" | quote | fromJson) | toJson}}`: "wrong type for value; expected map[string]interface {}; got string",
	} {
		_, _, err := w.render(t, text, template.Options{Name: "n", Vars: map[string]any{"n": 3}})
		e, ok := errors.AsType[*template.Error](err)
		if !ok || !strings.Contains(err.Error(), want) || e.OfValue != strings.Contains(text, `(secret "a"`) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
