package importer_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/nacl/secretbox"

	"github.com/credrender/credrender/internal/importer"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

const arn = "arn:aws:kms:eu-west-1:123456789012:key/one"

// kms unwraps one data key, in one context.
type kms struct {
	key     []byte
	context map[string]string
	err     error
	asked   int
}

func (k *kms) DecryptWith(_ context.Context, wrapped []byte, ec map[string]string) ([]byte, string, error) {
	k.asked++
	switch {
	case k.err != nil:
		return nil, "", k.err
	case string(wrapped) != "wrapped" || !maps.Equal(ec, k.context):
		return nil, "", source.ErrWrongContext
	}
	return k.key, arn, nil
}

func noKeys(context.Context, string) (importer.Decrypter, error) {
	return nil, errors.New("KMS is not needed")
}

func reveal(entries []secretfile.Entry) map[string]string {
	m := map[string]string{}
	for _, e := range entries {
		m[e.Name] = string(e.Value.Reveal())
	}
	return m
}

// The file is biscuit's own, made with its key manager for tests.
func TestBiscuitOfTheRealTool(t *testing.T) {
	data, err := os.ReadFile("testdata/biscuit.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/biscuit.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	got, insecure, err := importer.Biscuit(t.Context(), data, "", noKeys)
	if diff := cmp.Diff(want, reveal(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"launch_codes", "second"}, insecure); diff != "" {
		t.Errorf("insecure (-want +got):\n%s", diff)
	}
}

func gcm(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

func biscuitYAML(name, region, algorithm string, sealed []byte) string {
	return fmt.Sprintf("%s:\n- key_id: arn:aws:kms:%s:123456789012:key/one\n  key_manager: kms\n  algorithm: %s\n  key_ciphertext: %s\n  ciphertext: %s\n",
		name, region, algorithm, base64.StdEncoding.EncodeToString([]byte("wrapped")), base64.StdEncoding.EncodeToString(sealed))
}

func TestBiscuitByKMS(t *testing.T) {
	key, nonce := bytes.Repeat([]byte("k"), 32), [24]byte{7}
	box := secretbox.Seal(nonce[:], []byte("hunter2"), &nonce, (*[32]byte)(key))
	iv := bytes.Repeat([]byte("n"), 12)
	sealed := append(gcm(t, key).Seal(nil, iv, []byte("hunter2"), nil), iv...)
	for _, tt := range []struct {
		algorithm string
		sealed    []byte
	}{{"secretbox", box}, {"aesgcm256", sealed}} {
		k := &kms{key: key, context: map[string]string{"SecretName": "pw"}}
		var regions []string
		keys := func(_ context.Context, region string) (importer.Decrypter, error) {
			regions = append(regions, region)
			if region == "us-east-1" {
				return nil, errors.New("out of reach")
			}
			return k, nil
		}
		both := biscuitYAML("pw", "us-east-1", tt.algorithm, tt.sealed) + strings.TrimPrefix(biscuitYAML("pw", "eu-west-1", tt.algorithm, tt.sealed), "pw:\n")
		got, insecure, err := importer.Biscuit(t.Context(), []byte(both), "", keys)
		if diff := cmp.Diff(map[string]string{"pw": "hunter2"}, reveal(got)); diff != "" || err != nil || len(insecure) > 0 {
			t.Errorf("%s: %v, %v %s", tt.algorithm, err, insecure, diff)
		}
		_, _, _ = importer.Biscuit(t.Context(), []byte(both), "eu-west-1", keys)
		if diff := cmp.Diff([]string{"us-east-1", "eu-west-1", "eu-west-1"}, regions); diff != "" {
			t.Errorf("%s: regions (-want +got):\n%s", tt.algorithm, diff)
		}
		// A value under another name has another context.
		if _, _, err := importer.Biscuit(t.Context(), []byte(biscuitYAML("other", "eu-west-1", tt.algorithm, tt.sealed)), "", keys); !errors.Is(err, source.ErrWrongContext) {
			t.Errorf("%s: another name: %v", tt.algorithm, err)
		}
		for i := range tt.sealed {
			damaged := bytes.Clone(tt.sealed)
			damaged[i] ^= 1
			got, _, err := importer.Biscuit(t.Context(), []byte(biscuitYAML("pw", "eu-west-1", tt.algorithm, damaged)), "", keys)
			if !errors.Is(err, source.ErrIntegrity) || len(got) > 0 || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: byte %d: %v", tt.algorithm, i, err)
			}
		}
		for n := range tt.sealed {
			if _, _, err := importer.Biscuit(t.Context(), []byte(biscuitYAML("pw", "eu-west-1", tt.algorithm, tt.sealed[:n])), "", keys); !errors.Is(err, source.ErrIntegrity) {
				t.Errorf("%s: cut at %d: %v", tt.algorithm, n, err)
			}
		}
	}
}

func TestBiscuitRefuses(t *testing.T) {
	entry := func(lines ...string) string { return "pw:\n- " + strings.Join(lines, "\n  ") + "\n" }
	for text, want := range map[string]string{
		"hunter2":       "not a mapping",
		"a: [":          "not valid YAML",
		"pw: hunter2\n": "line 1: pw is not a list",
		"pw: []\n":      "line 1: pw is not a list",
		"pw: [hunter2]": "pw: an encrypted value is not a mapping",
		"pw:\n- algorithm: none\n  ciphertext: eA==\npw:\n- algorithm: none\n  ciphertext: eA==\n": "line 4: pw is given already on line 1",
		entry("algorithm: none", "ciphertext: hunter2!"):                                           "line 2: pw: ciphertext is not base64",
		entry("algorithm: none"):                                                                          "no ciphertext",
		entry("algorithm: rot13", "ciphertext: eA=="):                                                     "an unknown algorithm: rot13",
		entry("algorithm: secretbox", "key_manager: vault", "ciphertext: eA=="):                           "an unknown key manager: vault",
		entry("algorithm: secretbox", "key_manager: kms", "ciphertext: eA=="):                             "no key_ciphertext",
		entry("algorithm: none", "ciphertext: eA==", "hunter: 2"):                                         "an unknown key: hunter",
		entry("algorithm: none", "ciphertext: [eA==]"):                                                    "ciphertext is not text",
		entry("algorithm: secretbox", "key_manager: testing", "key_ciphertext: eA==", "ciphertext: eA=="): "too short",
	} {
		got, _, err := importer.Biscuit(t.Context(), []byte(text), "", noKeys)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || len(got) > 0 {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if got, _, err := importer.Biscuit(t.Context(), nil, "", noKeys); len(got) > 0 || err != nil {
		t.Errorf("an empty file: %v, %v", got, err)
	}
}

// sneaker seals as sneaker does.
func sneaker(t *testing.T, key, value []byte, arn string) []byte {
	t.Helper()
	iv := bytes.Repeat([]byte("n"), 12)
	out := binary.BigEndian.AppendUint32(nil, uint32(len("wrapped")))
	out = append(append(out, "wrapped"...), iv...)
	return gcm(t, key).Seal(out, iv, value, []byte(arn))
}

func TestSneaker(t *testing.T) {
	key := bytes.Repeat([]byte("k"), 32)
	k := &kms{key: key, context: map[string]string{"env": "prod", "Path": "s3://bucket/app/tls.key"}}
	object := sneaker(t, key, []byte("hunter2"), arn)
	open := func(data []byte, path string, master map[string]string) error {
		got, err := importer.SneakerObject(t.Context(), k, data, path, master)
		if err == nil && string(got) != "hunter2" {
			t.Errorf("opened to %q", got)
		}
		return err
	}
	if err := open(object, "bucket/app/tls.key", map[string]string{"env": "prod"}); err != nil {
		t.Error(err)
	}
	if err := open(object, "bucket/app/other", map[string]string{"env": "prod"}); !errors.Is(err, source.ErrWrongContext) {
		t.Errorf("another path: %v", err)
	}
	if err := open(object, "bucket/app/tls.key", map[string]string{"Path": "x"}); err == nil {
		t.Error("a Path of the user's own is taken")
	}
	for i := 4; i < len(object); i++ {
		damaged := bytes.Clone(object)
		damaged[i] ^= 1
		if err := open(damaged, "bucket/app/tls.key", map[string]string{"env": "prod"}); !errors.Is(err, source.ErrIntegrity) && !errors.Is(err, source.ErrWrongContext) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	if err := open(sneaker(t, key, []byte("hunter2"), "arn:another"), "bucket/app/tls.key", map[string]string{"env": "prod"}); !errors.Is(err, source.ErrIntegrity) {
		t.Errorf("another key's ARN: %v", err)
	}
	asked := k.asked
	for _, data := range [][]byte{nil, []byte("abc"), {0, 0, 0, 0, 1}, {0, 0, 0xff, 0xff, 1, 2}, []byte("text that is no object")} {
		if err := open(data, "bucket/app/tls.key", nil); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("%q: %v", data, err)
		}
	}
	if k.asked != asked {
		t.Error("KMS was asked for what sneaker does not write")
	}
}

func TestSneakerPack(t *testing.T) {
	key := bytes.Repeat([]byte("k"), 32)
	k := &kms{key: key, context: map[string]string{"host": "a"}}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range [][2]string{{"app/a", "one"}, {"b", ""}} {
		name, value := f[0], f[1]
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: name, Size: int64(len(value)), Mode: 0o400}), write(w, value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := importer.SneakerPack(t.Context(), k, sneaker(t, key, archive.Bytes(), arn), map[string]string{"host": "a"})
	if diff := cmp.Diff(map[string]string{"app/a": "one", "b": ""}, reveal(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := importer.SneakerPack(t.Context(), k, sneaker(t, key, []byte("hunter2"), arn), map[string]string{"host": "a"}); !errors.Is(err, source.ErrIntegrity) {
		t.Errorf("no archive: %v", err)
	}
	if _, err := importer.SneakerPack(t.Context(), k, sneaker(t, key, archive.Bytes()[:513], arn), map[string]string{"host": "a"}); !errors.Is(err, source.ErrIntegrity) {
		t.Errorf("half an archive: %v", err)
	}
}

func write(w *tar.Writer, value string) error {
	_, err := w.Write([]byte(value))
	return err
}

func TestChamber(t *testing.T) {
	got, err := importer.ChamberDocument([]byte(`{"a": "x", "port": 5432, "_chamber_metadata": "{\"a\":{\"version\":1}}"}`))
	if diff := cmp.Diff(map[string]string{"a": "x", "port": "5432"}, reveal(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{`{"latest": {"a": "x", "b": ""}}`, `{"latest": {"a": {"version": 2, "value": "x", "KMSAlias": "alias/y"}, "b": {"value": ""}}}`} {
		index, err := importer.ChamberIndex([]byte(text))
		if diff := cmp.Diff(map[string]string{"a": "x", "b": ""}, index); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	value, err := importer.ChamberObject("a", []byte(`{"service": "web", "key": "/web/a", "values": {"9": {"version": 9, "value": "old"}, "10": {"version": 10, "value": "x"}}}`))
	if value != "x" || err != nil {
		t.Errorf("%q, %v", value, err)
	}
	for _, text := range []string{`{"a": null}`, `{"a": {"base64": "aHVudGVyMg=="}}`, `{"a": ["hunter2"]}`} {
		if _, err := importer.ChamberDocument([]byte(text)); err == nil || !strings.Contains(err.Error(), "a: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"hunter2", `{}`, `{"latest": {"a": null}}`, `{"latest": {"a": 1}}`, `{"latest": {"a": {"KMSAlias": "x"}}}`} {
		if _, err := importer.ChamberIndex([]byte(text)); !errors.Is(err, source.ErrIntegrity) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"hunter2", `{}`, `{"values": {}}`, `{"values": {"1": {}}}`} {
		if _, err := importer.ChamberObject("a", []byte(text)); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
