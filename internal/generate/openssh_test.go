package generate_test

import (
	"bytes"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/credrender/credrender/internal/generate"
)

// opened is a private key file without what differs in each file.
type opened struct {
	Cipher, KDF, Options string
	Keys                 uint32
	Public               []byte
	Private              []byte // without its two check numbers
}

func open(t *testing.T, file []byte) opened {
	t.Helper()
	block, rest := pem.Decode(file)
	if block == nil || len(rest) > 0 || block.Type != "OPENSSH PRIVATE KEY" {
		t.Fatalf("not a private key file: %d bytes follow", len(rest))
	}
	data, ok := bytes.CutPrefix(block.Bytes, []byte("openssh-key-v1\x00"))
	var o opened
	if err := ssh.Unmarshal(data, &o); !ok || err != nil {
		t.Fatalf("not a private key file: %v", err)
	}
	if !bytes.Equal(o.Private[:4], o.Private[4:8]) {
		t.Error("the check numbers differ")
	}
	o.Private = o.Private[8:]
	return o
}

// A file has the bytes that package ssh writes for the same key, and so has the line.
func TestOpenSSHMatchesPackageSSH(t *testing.T) {
	for _, comment := range []string{"", "a", "deploy key", "Schlüssel"} {
		for _, format := range []string{generate.SSHEd25519, generate.SSHRSA} {
			v := makeValue(t, generate.Spec{Format: format, Comment: comment})
			key, err := ssh.ParseRawPrivateKey(v.Secret)
			if err != nil {
				t.Fatal(err)
			}
			want, err := ssh.MarshalPrivateKey(key, comment)
			if err != nil {
				t.Fatal(err)
			}
			got, theirs := open(t, v.Secret), open(t, pem.EncodeToMemory(want))
			if got.Cipher != theirs.Cipher || got.KDF != theirs.KDF || got.Options != theirs.Options || got.Keys != theirs.Keys ||
				!bytes.Equal(got.Public, theirs.Public) || !bytes.Equal(got.Private, theirs.Private) {
				t.Errorf("%s, comment %q: another file than package ssh's", format, comment)
			}
			signer, err := ssh.NewSignerFromKey(key)
			if err != nil {
				t.Fatal(err)
			}
			line := strings.TrimSpace(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + " " + comment)
			if string(v.Public) != line+"\n" {
				t.Errorf("%s, comment %q: got %q, want %q", format, comment, v.Public, line)
			}
		}
	}
}
