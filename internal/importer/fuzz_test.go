package importer_test

import (
	"encoding/base64"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/importer"
)

// FuzzBiscuit: a file that is accepted is one document, and has the names, and the values
// in clear, that a decoder of YAML finds in it.
func FuzzBiscuit(f *testing.F) {
	if data, err := os.ReadFile("testdata/biscuit.yaml"); err == nil {
		f.Add(string(data))
	}
	const entry = "[{algorithm: none, ciphertext: dg==}]\n"
	for _, text := range []string{
		"a: " + entry, "a: " + entry + "---\nb: " + entry, "a: &x " + entry + "b: *x\n", "&n a: " + entry + "? *n\n: " + entry,
		"? [a]\n: " + entry, "!!binary YQ==: " + entry, "1: " + entry, "<<: {a: " + strings.TrimSpace(entry) + "}\n",
		"a: [{algorithm: none, ciphertext: dg==, ciphertext: dw==}]\n", "a: [{algorithm: none, ciphertext: !!int 1}]\n", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, _, err := importer.Biscuit(t.Context(), []byte(text), "eu-west-1", noKeys)
		if err != nil || len(entries) == 0 {
			return
		}
		dec := yaml.NewDecoder(strings.NewReader(text))
		var doc map[string]yaml.Node
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("%q is accepted, and no mapping: %v", text, err)
		}
		if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
			t.Errorf("%q is accepted without what follows the first document", text)
		}
		want, got := map[string]string{}, reveal(entries)
		for name, node := range doc {
			if name == "_keys" {
				continue
			}
			var all []map[string]string
			if err := node.Decode(&all); err != nil {
				t.Fatalf("%q is accepted, and no list of mappings: %v", text, err)
			}
			want[name] = got[name] // encrypted
			if len(all) == 1 && all[0]["algorithm"] == "none" {
				plain, err := base64.StdEncoding.DecodeString(all[0]["ciphertext"])
				if err != nil {
					t.Errorf("%q: %v", text, err)
				}
				want[name] = string(plain)
			}
			if _, ok := got[name]; !ok {
				t.Errorf("%q: %q is dropped", text, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-YAML +biscuit):\n%s", text, diff)
		}
	})
}
