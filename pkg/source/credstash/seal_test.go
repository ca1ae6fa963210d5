package credstash_test

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// TestEncodeLegacy: text throughout, no other attribute, so that the oldest
// port reads it.
func TestEncodeLegacy(t *testing.T) {
	text := func(s string) *regexp.Regexp { return regexp.MustCompile("^(?:" + s + ")$") }
	b64 := text(`[A-Za-z0-9+/]+={0,2}`)
	want := map[string]*regexp.Regexp{
		"name": text(`db\.password`), "version": text(`0{18}1`), "digest": text("SHA256"),
		"key": b64, "contents": b64, "hmac": text("[0-9a-f]{64}"),
	}
	item, _ := seal(t, credstash.Item{}, []byte("value"))
	attrs := item.Encode()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(attrs))); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	for name, re := range want {
		if a := attrs[name]; a.Type != "S" || a.B != nil || !re.MatchString(a.S) {
			t.Errorf("%s is %+v", name, a)
		}
	}
	item.Comment = "why"
	if got := item.Encode()["comment"]; got.Type != "S" || got.S != "why" {
		t.Errorf("comment is %+v", got)
	}
}

func TestEncodeCredsmash(t *testing.T) {
	tests := map[string]string{
		credstash.AESCTR: "S:algorithm B:contents S:digest B:hmac B:key S:name B:nonce S:version ",
		credstash.AESGCM: "S:algorithm B:contents B:iv B:key S:name B:tag S:version ",
	}
	for algorithm, want := range tests {
		item, _ := seal(t, credstash.Item{Algorithm: algorithm}, []byte("value"))
		attrs, got := item.Encode(), ""
		for _, name := range slices.Sorted(maps.Keys(attrs)) {
			got += attrs[name].Type + ":" + name + " "
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", algorithm, got, want)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	tests := []struct{ algorithm, digest string }{
		{"aes-xts", ""}, {"aes-ctr-legacy", ""}, {"", "MD2"}, {"", "MD4"}, {"", "RIPEMD"}, {"", "sha256"},
		{credstash.AESCTR, "SHA"}, {credstash.AESCTR, "MD5"}, {credstash.AESGCM, "SHA256"},
	}
	for _, tt := range tests {
		meta := credstash.Item{Name: "n", Version: "1", Key: []byte("w"), Algorithm: tt.algorithm, Digest: tt.digest}
		if _, err := credstash.Seal(meta, nil, make([]byte, 64)); !errors.Is(err, source.ErrUnsupported) {
			t.Errorf("Seal %+v: %v", tt, err)
		}
		if err := credstash.Fits(meta, 0); !errors.Is(err, source.ErrUnsupported) {
			t.Errorf("Fits %+v: %v", tt, err)
		}
	}
	item, _ := seal(t, credstash.Item{Digest: "SHA1"}, nil)
	if item.Digest != "SHA" {
		t.Errorf("SHA1 is stored as %s, which credstash does not know", item.Digest)
	}
}

func TestSealNeverRepeatsANonce(t *testing.T) {
	for _, algorithm := range []string{credstash.AESCTR, credstash.AESGCM} {
		seen := map[string]bool{}
		for range 100 {
			item, _ := seal(t, credstash.Item{Algorithm: algorithm}, []byte("value"))
			seen[string(item.Nonce)+string(item.IV)] = true
		}
		if len(seen) != 100 {
			t.Errorf("%s: %d different nonces of 100", algorithm, len(seen))
		}
	}
}
