package blob_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

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
	arn := "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	document := fmt.Sprintf("{\n    \"CiphertextBlob\": %q,\n    \"KeyId\": %q,\n    \"EncryptionAlgorithm\": \"SYMMETRIC_DEFAULT\"\n}\n", text, arn)
	forms := map[string]string{
		"raw": string(raw), "text": text, "line": text + "\n", "crlf": text + "\r\n", "wrapped": text[:20] + "\n" + text[20:] + "\n",
		"wrapped crlf": text[:20] + "\r\n" + text[20:] + "\r\n", "indented": "  " + text[:20] + "\n\t" + text[20:],
		"json": document, "quoted": fmt.Sprintf("%q\n", text), "a list": fmt.Sprintf("[\n    %q\n]\n", text),
		"output text": text + "\tSYMMETRIC_DEFAULT\t" + arn + "\n", "output text, two fields": text + "\t" + arn + "\n",
		"yaml":        "CiphertextBlob: " + text + "\nEncryptionAlgorithm: SYMMETRIC_DEFAULT\nKeyId: " + arn + "\n",
		"yaml folded": "CiphertextBlob: >-\n  " + text[:40] + "\n  " + text[40:] + "\nKeyId: " + arn + "\n",
		"yaml stream": "- CiphertextBlob: " + text + "\n  KeyId: " + arn + "\n", "yaml text": "'" + text + "'\n",
		"raw and a newline": string(raw) + "\n", "raw and a crlf": string(raw) + "\r\n",
	}
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		data := forms[name]
		encoded := base64.StdEncoding.EncodeToString([]byte(data))
		forms[name+", in base64"] = encoded + "\n"
		forms[name+", in base64 twice"] = base64.StdEncoding.EncodeToString([]byte(encoded))
		if !strings.HasPrefix(name, "raw") {
			forms[name+", with a BOM"] = "\xef\xbb\xbf" + data
			forms[name+", in UTF-16LE"] = "\xff\xfe" + wide(data, binary.LittleEndian)
			forms[name+", in UTF-16BE"] = "\xfe\xff" + wide(data, binary.BigEndian)
		}
	}
	for name, data := range forms {
		got, err := blob.Open(t.Context(), keys, []byte(data), source.Context{})
		if err != nil || string(got) != "hunter2" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func wide(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// What is no ciphertext of KMS is told by its shape, before KMS is asked.
func TestOtherShapes(t *testing.T) {
	srv, keys := open(t)
	sealed, err := keys.Encrypt(t.Context(), make([]byte, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	srv.Forget()
	sneaker := string(binary.BigEndian.AppendUint32(nil, uint32(len(sealed)))) + string(sealed) + strings.Repeat("\xee", 12+16+7)
	for name, data := range map[string]string{
		"empty": "", "spaces": " \n", "large": strings.Repeat("\x01\x02", 4000), "large text": strings.Repeat("AAAA", 4000),
		"a password": "correct horse\n", "a word": "hunter2", "json": `{"password": "x"}`, "null": "null", "a list": "[]", "an empty text": `""`,
		"no blob": `{"CiphertextBlob": ""}`, "a number": `{"CiphertextBlob": 12345678}`, "pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"text in base64": base64.StdEncoding.EncodeToString([]byte("correct horse")), "a yaml bomb": "a: &a [x, x]\nb: [*a, *a]\n",
		"an error message": "An error occurred (AccessDeniedException) when calling the Encrypt operation: arn:aws:kms:eu-west-1:1:key/x",
	} {
		if _, err := blob.Open(t.Context(), keys, []byte(data), source.Context{}); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range map[string]string{"sneaker": sneaker, "sneaker in base64": base64.StdEncoding.EncodeToString([]byte(sneaker))} {
		if _, err := blob.Open(t.Context(), keys, []byte(data), source.Context{}); !errors.Is(err, source.ErrUnsupported) || !strings.Contains(err.Error(), "sneaker") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := srv.Count(awsfake.KMS, "Decrypt"); n > 0 {
		t.Errorf("KMS was asked %d times", n)
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
	// Another blob of the same data key, which who may call ReEncrypt can make.
	other, _, err := keys.ReEncrypt(t.Context(), body[34:n], nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	swapped := append(bytes.Clone(body[:32]), byte(len(other)>>8), byte(len(other)))
	swapped = append(append(swapped, other...), body[n:]...)
	if _, err := blob.Open(t.Context(), keys, rehash(swapped), source.Context{}); !errors.Is(err, source.ErrIntegrity) {
		t.Errorf("another blob of the data key: %v", err)
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
