package blob_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/blob"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/test/awsfake"
)

func open(t *testing.T) (*awsfake.Server, *kms.Keys) {
	t.Helper()
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys := kms.New(c.KMS, "alias/credstash")
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	return srv, keys
}

func prod(t *testing.T) source.Context {
	t.Helper()
	c, err := source.NewContext(map[string]string{"env": "prod"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRoundTrip(t *testing.T) {
	_, keys := open(t)
	c := prod(t)
	for _, size := range []int{0, 1, 4095, 4096, 4097, 300 << 10} {
		plain := bytes.Repeat([]byte{0xff, 0, '\n', 'a'}, size/4+1)[:size]
		sealed, err := blob.Seal(t.Context(), keys, plain, c)
		if err != nil {
			t.Fatal(err)
		}
		if isEnvelope := bytes.HasPrefix(sealed, []byte("credrender-envelope/1\n")); isEnvelope != (size == 0 || size > 4096) {
			t.Errorf("%d bytes: envelope %v", size, isEnvelope)
		}
		if got, err := blob.Open(t.Context(), keys, sealed, c); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
		if _, err := blob.Open(t.Context(), keys, sealed, source.Context{}); !errors.Is(err, source.ErrWrongContext) {
			t.Errorf("%d bytes, no context: %v", size, err)
		}
	}
}

// What aws kms encrypt prints, in the forms in which people keep it.
func TestBareBlobs(t *testing.T) {
	_, keys := open(t)
	raw, err := keys.Encrypt(t.Context(), []byte("hunter2"), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(raw)
	for name, data := range map[string]string{
		"raw": string(raw), "text": text, "line": text + "\n", "crlf": text + "\r\n", "wrapped": text[:20] + "\n" + text[20:] + "\n",
		"json": fmt.Sprintf("{\n    \"CiphertextBlob\": %q,\n    \"KeyId\": \"arn\"\n}\n", text),
	} {
		got, err := blob.Open(t.Context(), keys, []byte(data), source.Context{})
		if err != nil || string(got) != "hunter2" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, data := range map[string]string{"empty": "", "spaces": " \n", "large": strings.Repeat("\x01\x02", 4000), "large text": strings.Repeat("AAAA", 4000)} {
		if _, err := blob.Open(t.Context(), keys, []byte(data), source.Context{}); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Any byte that changes, and any that is lost or added, is an integrity error
// before KMS is asked: never a wrong context, and never a bare blob.
func TestEveryByteOfAnEnvelopeCounts(t *testing.T) {
	srv, keys := open(t)
	c := prod(t)
	for _, size := range []int{0, 5000} {
		sealed, err := blob.Seal(t.Context(), keys, make([]byte, size), c)
		if err != nil {
			t.Fatal(err)
		}
		srv.Forget()
		for i := range sealed {
			flips := []byte{1}
			if i < 60 || i > len(sealed)-10 { // the first line, the padding and the line feeds
				flips = []byte{1, 2, 0x20, 0x80, 0xff, '\n' ^ '\r'}
			}
			for _, flip := range flips {
				bad := bytes.Clone(sealed)
				bad[i] ^= flip
				if _, err := blob.Open(t.Context(), keys, bad, c); !errors.Is(err, source.ErrIntegrity) {
					t.Fatalf("byte %d of %d flipped by %#x: %v", i, len(sealed), flip, err)
				}
			}
		}
		for _, bad := range [][]byte{sealed[:len(sealed)-1], sealed[:100], sealed[:15], append(bytes.Clone(sealed), '\n'), sealed[22:]} {
			if _, err := blob.Open(t.Context(), keys, bad, c); !errors.Is(err, source.ErrIntegrity) && !errors.Is(err, source.ErrWrongContext) {
				t.Errorf("%d of %d bytes: %v", len(bad), len(sealed), err)
			}
		}
	}
	if n := srv.Count(awsfake.KMS, "Decrypt"); n > 1 { // the last form, without its first line, is a blob by its looks
		t.Errorf("KMS was asked %d times", n)
	}
}

// A forger who mends the hash meets GCM.
func TestAForgedEnvelope(t *testing.T) {
	_, keys := open(t)
	sealed, err := blob.Seal(t.Context(), keys, make([]byte, 5000), source.Context{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(sealed[22:])))
	if err != nil {
		t.Fatal(err)
	}
	n := 34 + int(binary.BigEndian.Uint16(body[32:34]))
	for _, at := range []int{n, n + 12, len(body) - 1} { // nonce, contents, tag
		forged := bytes.Clone(body)
		forged[at] ^= 1
		if _, err := blob.Open(t.Context(), keys, rehash(forged), source.Context{}); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	for _, cut := range []int{32, 33, 34, n, n + 11, n + 20} {
		if _, err := blob.Open(t.Context(), keys, rehash(body[:cut]), source.Context{}); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

type noKMS struct{}

func (noKMS) Decrypt(context.Context, []byte, map[string]string) ([]byte, error) {
	return make([]byte, 32), nil
}

// FuzzOpen: no panic, and nothing opens that was not sealed.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{"", "AQ==", "{}", "credrender-envelope/1\n", "credrender-envelope/1\nAAAA\n", "\x01\x02"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		plain, err := blob.Open(t.Context(), noKMS{}, data, source.Context{})
		if err == nil && bytes.HasPrefix(data, []byte("credrender-envelope/1\n")) {
			t.Errorf("%q opens as %q", data, plain)
		}
	})
}
