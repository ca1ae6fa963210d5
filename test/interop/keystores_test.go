//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// OpenSSL and keytool read what pkcs12 and jks write, and a second render changes nothing.
func TestKeystoresAreRead(t *testing.T) {
	const password = `changeit "$x" \'`
	dir := t.TempDir()
	site := newPair(t, "keystore.test")
	fixtures := filepath.Join(dir, "fixtures.yaml")
	var b strings.Builder
	b.WriteString("secret:\n")
	for name, value := range map[string]string{"crt": site.certPEM, "key": site.keyPEM, "pw": password} {
		b.WriteString("  " + name + ": |-\n    " + strings.ReplaceAll(strings.TrimSpace(value), "\n", "\n    ") + "\n")
	}
	writePrivate(t, fixtures, b.String())
	credrender := newCommand(t, binary, nil, "--state-dir", filepath.Join(dir, "state"), "render", "--fixtures", fixtures)
	for _, kind := range []string{"pkcs12", "jks"} {
		src, dest := filepath.Join(dir, kind+".tmpl"), filepath.Join(dir, "store."+kind)
		writePrivate(t, src, `{{ `+kind+` (secret "crt") (secret "key") (secret "pw") -}}`+"\n")
		credrender.want(t, 0, src+":"+dest)
		if again := credrender.want(t, 0, src+":"+dest); again.Stdout+again.Stderr != "" {
			t.Errorf("%s: the second render prints %s%s", kind, again.Stdout, again.Stderr)
		}
		keytool := newCommand(t, program(t, "keytool"), []string{"PW=" + password}, "-list", "-v", "-keystore", dest, "-storepass:env", "PW")
		if out := keytool.want(t, 0).Stdout; !strings.Contains(out, "PrivateKeyEntry") || !strings.Contains(out, "keystore.test") {
			t.Errorf("%s: keytool lists\n%s", kind, out)
		}
	}
	// keytool opens the key too when it converts the JKS.
	imported := filepath.Join(dir, "imported.p12")
	newCommand(t, program(t, "keytool"), []string{"PW=" + password}, "-importkeystore", "-srckeystore", filepath.Join(dir, "store.jks"), "-destkeystore", imported,
		"-deststoretype", "PKCS12", "-srcstorepass:env", "PW", "-deststorepass:env", "PW", "-noprompt").want(t, 0)
	for _, path := range []string{filepath.Join(dir, "store.pkcs12"), imported} {
		openssl := newCommand(t, program(t, "openssl"), []string{"PW=" + password}, "pkcs12", "-in", path, "-nodes", "-passin", "env:PW")
		key := newCommand(t, program(t, "openssl"), nil, "pkey", "-pubout")
		if got, want := key.wantInput(t, 0, openssl.want(t, 0).Stdout).Stdout, key.wantInput(t, 0, site.keyPEM).Stdout; got != want {
			t.Errorf("%s holds another key", path)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}
