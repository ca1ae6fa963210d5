package credstash_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// The rows agree with what the programs read in docs/compatibility.md.
func TestUnreadable(t *testing.T) {
	only256 := func(why string) map[credstash.Peer]string {
		return map[credstash.Peer]string{credstash.Gcredstash: why, credstash.Unicreds: why}
	}
	all := func(why string) map[credstash.Peer]string {
		m := map[credstash.Peer]string{}
		for _, p := range credstash.Peers() {
			m[p] = why
		}
		return m
	}
	for name, tt := range map[string]struct {
		item credstash.Item
		want map[credstash.Peer]string
	}{
		"no digest":  {credstash.Item{}, map[credstash.Peer]string{}},
		"SHA256":     {credstash.Item{Digest: "SHA256"}, map[credstash.Peer]string{}},
		"SHA512":     {credstash.Item{Digest: "SHA512"}, only256("digest SHA512")},
		"MD5":        {credstash.Item{Digest: "MD5"}, only256("digest MD5")},
		"lower case": {credstash.Item{Digest: "sha256"}, map[credstash.Peer]string{credstash.Credstash: "digest sha256"}},
		"SHA": {credstash.Item{Digest: "SHA"}, map[credstash.Peer]string{
			credstash.Gcredstash: "digest SHA", credstash.Unicreds: "digest SHA", credstash.Nodecredstash: "digest SHA",
		}},
		"RIPEMD":  {credstash.Item{Digest: "RIPEMD"}, all("digest RIPEMD")},
		"aes-ctr": {credstash.Item{Algorithm: credstash.AESCTR, Digest: "SHA256"}, all("format aes-ctr")},
		"aes-gcm": {credstash.Item{Algorithm: credstash.AESGCM}, all("format aes-gcm")},
	} {
		got := map[credstash.Peer]string{}
		for _, p := range credstash.Peers() {
			if why := p.Unreadable(tt.item); why != "" {
				got[p] = why
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, p := range credstash.Peers() {
		if got := p.UnreadableValue([]byte{0xff}); (got != "") != p.TextOnly() {
			t.Errorf("%s: binary: %q", p, got)
		}
		if got := p.UnreadableValue([]byte("é")); got != "" {
			t.Errorf("%s: text: %q", p, got)
		}
	}
}
