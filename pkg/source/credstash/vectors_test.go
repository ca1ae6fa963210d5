package credstash_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// vector is an item that some tool of the family wrote, with what it holds.
type vector struct {
	name      string
	attrs     map[string]credstash.Attribute
	dataKey   []byte
	plaintext []byte
}

// rescue reports whether only a Ctr32LE-aware reader gets the plaintext.
func (v vector) rescue() bool { return strings.Contains(v.name, "Ctr32LE") }

// dynamoItem is DynamoDB's JSON form of an item.
type dynamoItem map[string]struct {
	S, N *string
	B    *[]byte
	NULL *bool
}

func (d dynamoItem) attributes() map[string]credstash.Attribute {
	attrs := map[string]credstash.Attribute{}
	for name, a := range d {
		switch {
		case a.S != nil:
			attrs[name] = credstash.Attribute{Type: "S", S: *a.S}
		case a.N != nil:
			attrs[name] = credstash.Attribute{Type: "N", S: *a.N}
		case a.B != nil:
			attrs[name] = credstash.Attribute{Type: "B", B: *a.B}
		case a.NULL != nil:
			attrs[name] = credstash.Attribute{Type: "NULL"}
		}
	}
	return attrs
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func vectors(t testing.TB) []vector {
	t.Helper()
	var family []struct {
		Writer, Note string
		Item         dynamoItem
		DataKey      []byte `json:"kms_plaintext_b64"`
		Plaintext    []byte `json:"plaintext_b64"`
	}
	readJSON(t, "testdata/vectors/family.json", &family)
	var all []vector
	for _, v := range family {
		all = append(all, vector{v.Writer, v.Item.attributes(), v.DataKey, v.Plaintext})
	}
	files, err := filepath.Glob("testdata/vectors/tools/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var v struct {
			Item      dynamoItem
			DataKey   string `json:"data_key_plaintext_hex"`
			Plaintext []byte `json:"plaintext_b64"`
		}
		readJSON(t, f, &v)
		dataKey, err := hex.DecodeString(v.DataKey)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all = append(all, vector{filepath.Base(f), v.Item.attributes(), dataKey, v.Plaintext})
	}
	if len(all) != 67 {
		t.Fatalf("found %d vectors, want all 67", len(all))
	}
	return all
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			item, err := credstash.Decode(v.attrs)
			if err != nil {
				t.Fatal(err)
			}
			rescued := 0
			got, err := credstash.Open(item, v.dataKey, credstash.OpenOptions{
				RescueCTR32LE: v.rescue(),
				Rescued:       func(credstash.Item) { rescued++ },
			})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, v.plaintext) {
				t.Errorf("plaintext (-want +got):\n%s", cmp.Diff(v.plaintext, got))
			}
			if (rescued == 1) != v.rescue() {
				t.Errorf("rescued %d times", rescued)
			}
		})
	}
}

// TestVectorsReencode: what any tool wrote, written again by Encode, holds the
// same and has the size that Size says.
func TestVectorsReencode(t *testing.T) {
	for _, v := range vectors(t) {
		item, err := credstash.Decode(v.attrs)
		if err != nil {
			t.Fatal(err)
		}
		attrs := item.Encode()
		if got, want := credstash.Size(item), dynamoSize(attrs); got != want {
			t.Errorf("%s: size is %d, want %d", v.name, got, want)
		}
		again, err := credstash.Decode(attrs)
		if err != nil {
			t.Fatal(err)
		}
		if item.Digest == "" && item.Algorithm != credstash.AESGCM {
			item.Digest = "SHA256" // Encode names it
		}
		if !reflect.DeepEqual(item, again) { // cmp is slow on 100 KiB
			t.Errorf("%s (-want +got):\n%s", v.name, cmp.Diff(item, again))
		}
	}
}

// dynamoSize counts as DynamoDB does, over the attributes themselves.
func dynamoSize(attrs map[string]credstash.Attribute) int {
	n := 0
	for name, a := range attrs {
		n += len(name) + len(a.S) + len(a.B)
	}
	return n
}

// TestVectorsAreTheirKeysOnly: every vector fails under any other key.
func TestVectorsAreTheirKeysOnly(t *testing.T) {
	for _, v := range vectors(t) {
		item, err := credstash.Decode(v.attrs)
		if err != nil {
			t.Fatal(err)
		}
		wrong := append([]byte{}, v.dataKey...)
		wrong[len(wrong)-1] ^= 1
		got, err := credstash.Open(item, wrong, credstash.OpenOptions{})
		if !errors.Is(err, errIntegrity) || got != nil {
			t.Errorf("%s: got %q, %v", v.name, got, err)
		}
	}
}
