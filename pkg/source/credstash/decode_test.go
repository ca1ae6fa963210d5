package credstash_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

type attrs = map[string]credstash.Attribute

func s(v string) credstash.Attribute { return credstash.Attribute{Type: "S", S: v} }

func b(v string) credstash.Attribute { return credstash.Attribute{Type: "B", B: []byte(v)} }

var null = credstash.Attribute{Type: "NULL"}

// with returns a legacy item with some attributes changed.
func with(changes attrs) attrs {
	a := attrs{"name": s("n"), "version": s("1"), "key": s("a2V5"), "contents": s("dGV4dA=="), "hmac": s("00ff")}
	maps.Copy(a, changes)
	return a
}

func TestDecode(t *testing.T) {
	legacy := credstash.Item{Name: "n", Version: "1", Key: []byte("key"), Contents: []byte("text"), HMAC: []byte("\x00\xff")}
	edit := func(f func(*credstash.Item)) credstash.Item { it := legacy; f(&it); return it }
	tests := []struct {
		name string
		in   attrs
		want credstash.Item
	}{
		{"as it is", with(nil), legacy},
		{"named legacy", with(attrs{"algorithm": s("aes-ctr-legacy")}), legacy},
		{"attributes of others", with(attrs{"created_at": {Type: "N", S: "1"}, "expires": null, "iv": s("theirs"), "comment": b("not text")}),
			edit(func(it *credstash.Item) {
				it.Foreign = attrs{"created_at": {Type: "N", S: "1"}, "expires": null, "iv": s("theirs"), "comment": b("not text")}
			})},
		{"hmac as binary", with(attrs{"hmac": b("00ff")}), legacy},
		{"hmac in capitals and spaces", with(attrs{"hmac": s(" 00FF\n")}), legacy},
		{"base64 in lines", with(attrs{"key": s("a2\nV5\r\n"), "contents": s("dGV4\ndA==\n")}), legacy},
		{"base64 with other bytes", with(attrs{"contents": s("dGV4-dA== ✓")}), legacy},
		{"NULL contents", with(attrs{"contents": null}), edit(func(it *credstash.Item) { it.Contents = []byte{} })},
		{"empty contents", with(attrs{"contents": s("")}), edit(func(it *credstash.Item) { it.Contents = []byte{} })},
		{"NULL digest and algorithm", with(attrs{"digest": null, "algorithm": null}), legacy},
		{"digest and comment", with(attrs{"digest": s("SHA"), "comment": s("why")}),
			edit(func(it *credstash.Item) { it.Digest, it.Comment = "SHA", "why" })},
		{"keys only", attrs{"name": s("n"), "version": s("1"), "comment": s("why")},
			credstash.Item{Name: "n", Version: "1", Comment: "why", Key: []byte{}, Contents: []byte{}, HMAC: []byte{}}},
		{"another algorithm", with(attrs{"algorithm": s("aes-xts")}),
			credstash.Item{Name: "n", Version: "1", Algorithm: "aes-xts"}},
	}
	for _, tt := range tests {
		got, err := credstash.Decode(tt.in)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	ctr := attrs{"algorithm": s("aes-ctr"), "key": b("k"), "contents": b("c"), "hmac": b("h"), "nonce": b("n")}
	gcm := attrs{"algorithm": s("aes-gcm"), "key": b("k"), "contents": b("c"), "iv": b("i"), "tag": b("t")}
	plus := func(a attrs, name string, v credstash.Attribute) attrs {
		a = maps.Clone(a)
		a[name] = v
		return with(a)
	}
	tests := map[string]attrs{
		"key not base64":      with(attrs{"key": s("a2V")}),
		"base64 unpadded":     with(attrs{"contents": s("dGV4dA")}),
		"hmac not hex":        with(attrs{"hmac": s("0g")}),
		"hmac of odd length":  with(attrs{"hmac": s("00f")}),
		"hmac a number":       with(attrs{"hmac": {Type: "N", S: "12"}}),
		"contents binary":     with(attrs{"contents": b("dGV4dA==")}),
		"key binary":          with(attrs{"key": b("a2V5")}),
		"digest binary":       with(attrs{"digest": b("SHA256")}),
		"algorithm binary":    with(attrs{"algorithm": b("aes-ctr")}),
		"aes-ctr text":        plus(ctr, "contents", s("c")),
		"aes-ctr hex hmac":    plus(ctr, "hmac", s("00ff")),
		"aes-ctr text nonce":  plus(ctr, "nonce", s("00ff")),
		"aes-gcm text key":    plus(gcm, "key", s("a2V5")),
		"aes-gcm text iv":     plus(gcm, "iv", s("a2V5")),
		"aes-gcm numeric tag": plus(gcm, "tag", credstash.Attribute{Type: "N", S: "1"}),
	}
	for name, in := range tests {
		it, err := credstash.Decode(in)
		if err != nil || it.Name != "n" || it.Version != "1" {
			t.Errorf("%s: the item is lost to a listing: %+v, %v", name, it, err)
		}
		if it.Fault == nil {
			t.Errorf("%s: no fault", name)
		}
		got, err := credstash.Open(it, make([]byte, 64), credstash.OpenOptions{})
		if !errors.Is(err, source.ErrIntegrity) || got != nil {
			t.Errorf("%s: opened: %v", name, err)
		}
	}
}

func TestDecodeNeedsNameAndVersion(t *testing.T) {
	for _, in := range []attrs{nil, with(attrs{"name": s("")}), with(attrs{"version": null}), with(attrs{"name": b("n")})} {
		if it, err := credstash.Decode(in); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("%v: got %+v, %v", in, it, err)
		}
	}
}

// FuzzDecodeOpen: nothing that can lie in a table makes a reader panic, and
// where there is an error there is no plaintext.
func FuzzDecodeOpen(f *testing.F) {
	for _, algorithm := range []string{"", "aes-ctr", "aes-gcm"} {
		item, dataKey := seal(f, credstash.Item{Algorithm: algorithm}, []byte("value"))
		f.Add(algorithm, "SHA256", []byte("wrapped"), item.Contents, item.HMAC, item.Nonce, item.IV, item.Tag, dataKey, uint16(0))
		f.Add(algorithm, "MD2", []byte("d3JhcHBlZA=="), []byte("dGV4dA=="), []byte("00ff"), item.Nonce, item.IV, item.Tag, dataKey, uint16(0xffff))
	}
	f.Fuzz(func(t *testing.T, algorithm, digest string, key, contents, mac, nonce, iv, tag, dataKey []byte, types uint16) {
		in := attrs{"name": s("n"), "version": s("1"), "algorithm": s(algorithm), "digest": s(digest)}
		for i, field := range []struct {
			name  string
			value []byte
		}{{"key", key}, {"contents", contents}, {"hmac", mac}, {"nonce", nonce}, {"iv", iv}, {"tag", tag}} {
			in[field.name] = []credstash.Attribute{b(string(field.value)), s(string(field.value)), null, {}}[types>>(2*i)&3]
		}
		it, err := credstash.Decode(in)
		if err != nil {
			t.Fatalf("an item with a name and a version: %v", err)
		}
		plain, err := credstash.Open(it, dataKey, credstash.OpenOptions{RescueCTR32LE: true})
		if (err == nil) == (plain == nil) {
			t.Errorf("got %q beside %v", plain, err)
		}
		if err != nil && !errors.Is(err, source.ErrIntegrity) && !errors.Is(err, source.ErrUnsupported) {
			t.Errorf("an error of no kind: %v", err)
		}
		if credstash.Size(it) != dynamoSize(it.Encode()) && it.Fault == nil && it.Check() == nil {
			t.Errorf("size %d, want %d", credstash.Size(it), dynamoSize(it.Encode()))
		}
	})
}
