//go:build interop

package interop

import (
	"strconv"
	"strings"
	"testing"
)

// Keys of objects reach S3 as they are, whatever they hold: the URI of each
// request decodes to the key, and is signed as botocore signs it.
func TestAuthorityObjectKeys(t *testing.T) {
	rec, aws := recorded(t, "http")
	bin := newCommand(t, binary, aws.env, "--state-dir", t.TempDir())
	names := []string{
		"plain", "a/b/c", "a//b", "/lead", "trail/", "./a", "../a", "a/./b", "a/../b", "a b", " lead", "trail ", "a+b", "a%20b", "a%2Fb",
		"a=b", "a&b", "a;b", "a,b", "a:b", "a@b", "a$b", "a!b", "a'b", "a(b)", "a*b", "a~b", "a[b]", "a{b}", "a|b", "a^b", "a`b", "a<b>",
		"é", "e\u0301", "日本語", "😀", "a\tb", strings.Repeat("k", 1024),
	}
	for _, name := range names {
		rec.during(name, func() {
			bin.run(t, "render", writeFile(t, t.TempDir(), "t", "{{ s3object "+strconv.Quote("s3://bucket/"+name)+" }}"))
		})
	}
	v := judge(t, rec.sent, rec.keys)
	for _, violation := range v.Violations {
		t.Errorf("key %q: %s", violation.Label, violation.What)
	}
	got := map[string]bool{}
	for id, key := range v.Objects {
		got[rec.sent[id].Label] = got[rec.sent[id].Label] || key == rec.sent[id].Label
	}
	equal := 0
	for _, name := range names {
		if got[name] {
			equal++
		} else {
			t.Errorf("key %q: no request for it among %d", name, v.Requests)
		}
	}
	t.Logf("botocore %s: %d of %d keys arrive as they are, %d of %d signatures equal", v.Botocore, equal, len(names), v.Equal, v.Signed)
}
