package generate_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/credrender/credrender/internal/generate"
)

func makeValue(t *testing.T, s generate.Spec) generate.Value {
	t.Helper()
	v, err := s.Make()
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return v
}

// Every value has its form and its length, and no two are equal.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		spec generate.Spec
		form string
	}{
		{generate.Spec{}, `^[a-zA-Z0-9]{32}$`},
		{generate.Spec{Length: 3}, `^[a-zA-Z0-9]{3}$`},
		{generate.Spec{Classes: []string{"digit"}, Length: 20}, `^[0-9]{20}$`},
		{generate.Spec{Classes: []string{"lower", "symbol"}, Length: 40}, "^[^A-Z0-9\\s\"'`$\\\\]{40}$"},
		{generate.Spec{Format: generate.Words}, `^[a-z]+(-[a-z]+){5,}$`},
		{generate.Spec{Format: generate.Words, Length: 9}, `^[a-z]+(-[a-z]+){8,}$`},
		{generate.Spec{Format: generate.Hex}, `^[0-9a-f]{64}$`},
		{generate.Spec{Format: generate.Hex, Length: 5}, `^[0-9a-f]{10}$`},
		{generate.Spec{Format: generate.Base64}, `^[A-Za-z0-9+/]{43}=$`},
		{generate.Spec{Format: generate.Base64URL, Length: 32}, `^[A-Za-z0-9_-]{43}$`},
		{generate.Spec{Format: generate.UUID}, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
	} {
		one, two := makeValue(t, c.spec), makeValue(t, c.spec)
		if !regexp.MustCompile(c.form).Match(one.Secret) || one.Public != nil {
			t.Errorf("%v: a value does not match %s", c.spec, c.form)
		}
		if bytes.Equal(one.Secret, two.Secret) && c.spec.Length != 3 {
			t.Errorf("%v: two values are equal", c.spec)
		}
	}
	if raw, err := base64.StdEncoding.DecodeString(string(makeValue(t, generate.Spec{Format: generate.Base64, Length: 7}).Secret)); err != nil || len(raw) != 7 {
		t.Errorf("base64 of 7 bytes: %d, %v", len(raw), err)
	}
	if raw, err := hex.DecodeString(string(makeValue(t, generate.Spec{Format: generate.Hex, Length: 7}).Secret)); err != nil || len(raw) != 7 {
		t.Errorf("hex of 7 bytes: %d, %v", len(raw), err)
	}
}

// Each class is in each password, however short, and each character is as frequent as
// the others.
func TestPasswordsAreUniform(t *testing.T) {
	all := generate.Spec{Length: 4, Classes: generate.ClassNames()}
	for range 200 {
		value := string(makeValue(t, all).Secret)
		for _, set := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "!#%&()*+,-./:;<=>?@[]^_{|}~"} {
			if !strings.ContainsAny(value, set) || strings.HasPrefix(value, "-") {
				t.Fatalf("%q lacks a class or begins with a hyphen", value)
			}
		}
	}
	const passwords, length = 2000, 32
	seen := map[byte]int{}
	for range passwords {
		for _, c := range makeValue(t, generate.Spec{Length: length}).Secret {
			seen[c]++
		}
	}
	if len(seen) != 62 {
		t.Fatalf("%d different characters, want 62", len(seen))
	}
	for c, n := range seen { // the standard deviation is 3 %
		if want := passwords * length / 62; n < want*4/5 || n > want*6/5 {
			t.Errorf("%q appears %d times, want about %d", c, n, want)
		}
	}
}

// The two halves of a key belong together, as other readers see it.
func TestKeys(t *testing.T) {
	for _, format := range []string{generate.RSA, generate.Ed25519} {
		v := makeValue(t, generate.Spec{Format: format})
		secret, rest := pem.Decode(v.Secret)
		public, _ := pem.Decode(v.Public)
		if secret == nil || public == nil || len(rest) > 0 || secret.Type != "PRIVATE KEY" || public.Type != "PUBLIC KEY" {
			t.Fatalf("%s: not one block of PEM each", format)
		}
		private, err := x509.ParsePKCS8PrivateKey(secret.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		other, err := x509.ParsePKIXPublicKey(public.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		switch k := private.(type) {
		case *rsa.PrivateKey:
			if format != generate.RSA || !k.PublicKey.Equal(other) || k.N.BitLen() != 3072 {
				t.Errorf("%s: an RSA key of %d bits", format, k.N.BitLen())
			}
		case ed25519.PrivateKey:
			if pub, ok := k.Public().(ed25519.PublicKey); format != generate.Ed25519 || !ok || !pub.Equal(other) {
				t.Errorf("%s: an Ed25519 key with another public half", format)
			}
		}
	}
	for format, kind := range map[string]string{generate.SSHEd25519: "ssh-ed25519", generate.SSHRSA: "ssh-rsa"} {
		v := makeValue(t, generate.Spec{Format: format, Comment: "deploy key"})
		signer, err := ssh.ParsePrivateKey(v.Secret)
		if err != nil {
			t.Fatal(err)
		}
		public, comment, _, rest, err := ssh.ParseAuthorizedKey(v.Public)
		if err != nil || comment != "deploy key" || len(rest) > 0 || public.Type() != kind || !bytes.Equal(public.Marshal(), signer.PublicKey().Marshal()) {
			t.Errorf("%s: the halves do not belong together: %v", format, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for want, s := range map[string]generate.Spec{
		"not one of":                           {Format: "pgp"},
		"class \"greek\" is not one of":        {Classes: []string{"greek"}},
		"given twice":                          {Classes: []string{"lower", "lower"}},
		"character classes are for":            {Format: generate.Hex, Classes: []string{"lower"}},
		"uuid has one length":                  {Format: generate.UUID, Length: 8},
		"ed25519 has one length":               {Format: generate.Ed25519, Length: 256},
		"rsa: the length must be 2048 to":      {Format: generate.RSA, Length: 1024},
		"multiple of 8 bits":                   {Format: generate.RSA, Length: 2049},
		"cannot contain 3 classes":             {Length: 2},
		"password: the length must be 1 to":    {Length: -1},
		"words: the length must be 1 to 1000":  {Format: generate.Words, Length: 1001},
		"hex: the length must be 1 to 65536 b": {Format: generate.Hex, Length: 65537},
		"control character":                    {Format: generate.SSHEd25519, Comment: "a\nssh-rsa AAAA"},
	} {
		if v, err := s.Make(); err == nil || !strings.Contains(err.Error(), want) || v.Secret != nil {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
}

func TestWeak(t *testing.T) {
	for _, c := range []struct {
		spec generate.Spec
		weak bool
	}{
		{generate.Spec{}, false},
		{generate.Spec{Length: 10}, true},
		{generate.Spec{Length: 11}, false},
		{generate.Spec{Format: generate.Words, Length: 4}, true},
		{generate.Spec{Format: generate.Words, Length: 5}, false},
		{generate.Spec{Format: generate.Hex, Length: 7}, true},
		{generate.Spec{Format: generate.RSA}, false},
		{generate.Spec{Format: generate.UUID}, false},
	} {
		if bits, weak := c.spec.Weak(); weak != c.weak {
			t.Errorf("%v: %d bits, weak: %v", c.spec, bits, weak)
		}
	}
}
