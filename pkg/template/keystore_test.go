package template_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/credrender/credrender/pkg/template"
)

// keystoreWorld has a leaf with its chain in the wrong order, and keys.
func keystoreWorld(t *testing.T) (w *world, leaf *authority) {
	t.Helper()
	root := (*authority)(nil).issue(t, "root.test", true)
	leaf = root.issue(t, "leaf.test", false)
	w = newWorld()
	w.secrets["crt"], w.secrets["key"] = root.certPEM()+leaf.certPEM(), leaf.keyPEM(t)
	w.secrets["other"], w.secrets["pw"] = root.keyPEM(t), "hunter2 changeit"
	return w, leaf
}

func TestKeystores(t *testing.T) {
	w, leaf := keystoreWorld(t)
	made := map[string][]byte{}
	for _, kind := range []string{"pkcs12", "jks"} {
		text := `{{` + kind + ` (secret "crt") (secret "key") (secret "pw") -}}` + "\n"
		x, out, err := w.render(t, text, template.Options{Name: "n"})
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		_, again, _ := w.render(t, text, template.Options{Name: "n"})
		if !bytes.Equal(out.Bytes, again.Bytes) {
			t.Errorf("%s: equal arguments give other bytes", kind)
		}
		made[kind] = out.Bytes
		masked, err := x.Mask(t.Context(), out)
		if err != nil || strings.Trim(strings.ReplaceAll(masked.String(), "(secret crt, key, pw)", ""), "\n") != "" {
			t.Errorf("%s: masked %q, %v", kind, masked, err)
		}
		w.secrets["pw"] += "x"
		_, other, _ := w.render(t, text, template.Options{Name: "n"})
		w.secrets["pw"] = strings.TrimSuffix(w.secrets["pw"], "x")
		if same := commonBytes(out.Bytes, other.Bytes); same > len(out.Bytes)/2 && kind == "pkcs12" {
			t.Errorf("another password leaves %d of %d bytes", same, len(out.Bytes))
		}
	}
	private, cert, chain, err := pkcs12.DecodeChain(made["pkcs12"], w.secrets["pw"])
	if err != nil || !leaf.key.Equal(private) || !cert.Equal(leaf.cert) || len(chain) != 1 || chain[0].Subject.CommonName != "root.test" {
		t.Errorf("pkcs12 holds %v, %v, %v", cert, chain, err)
	}
	store := keystore.New()
	if err := store.Load(bytes.NewReader(made["jks"]), []byte(w.secrets["pw"])); err != nil {
		t.Fatal(err)
	}
	entry, err := store.GetPrivateKeyEntry("mykey", []byte(w.secrets["pw"]))
	if err != nil || len(entry.CertificateChain) != 2 || !bytes.Equal(entry.CertificateChain[0].Content, leaf.cert.Raw) || !entry.CreationTime.Equal(leaf.cert.NotBefore) {
		t.Errorf("jks holds %v, %v", cmp.Diff(entry.CreationTime, leaf.cert.NotBefore), err)
	}
	_, out, err := w.render(t, `a={{jks (secret "crt") (secret "key") (secret "pw") | b64enc}}`, template.Options{Name: "n"})
	if err != nil || len(out.Bytes) < 1000 {
		t.Errorf("got %v, %v", out, err)
	}
}

func commonBytes(a, b []byte) (same int) {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			same++
		}
	}
	return same
}

func TestErrorsOfKeystores(t *testing.T) {
	w, _ := keystoreWorld(t)
	w.secrets["encrypted"] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
	w.secrets["damaged"] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	w.secrets["short"], w.secrets["accent"], w.secrets["emoji"] = "12345", "hünter22", "hunter\U0001f600"
	for text, want := range map[string]string{
		`{{pkcs12 (secret "crt") (secret "other") "changeit"}}`:     "pkcs12: secret crt, other: the key does not belong to the certificate",
		`{{jks (secret "crt") (secret "encrypted") "changeit"}}`:    "the key is encrypted",
		`{{jks (secret "crt") (secret "damaged") "changeit"}}`:      "the key is damaged",
		`{{jks (secret "crt") (secret "crt") "changeit"}}`:          "KEY contains no private key",
		`{{pkcs12 (secret "key") (secret "key") "changeit"}}`:       "contains no certificate",
		`{{pkcs12 (secret "crt") (secret "key") (secret "empty")}}`: "the password is empty",
		`{{pkcs12 (secret "crt") (secret "key") (secret "emoji")}}`: "a character that PKCS#12 cannot contain",
		`{{jks (secret "crt") (secret "key") (secret "short")}}`:    "shorter than 6 characters",
		`{{jks (secret "crt") (secret "key") (secret "accent")}}`:   "characters other than printable ASCII",
		`x{{jks (secret "crt") (secret "key") (secret "pw")}}`:      "a value that is not UTF-8 cannot be part of a text",
	} {
		_, _, err := w.render(t, text, template.Options{Name: "n"})
		if e, ok := errors.AsType[*template.Error](err); !ok || !e.OfValue && !strings.HasPrefix(text, "x") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: got %v, want %q, of a value", text, err, want)
		}
	}
}
