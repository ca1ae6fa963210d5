package credstash_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"
	//lint:ignore SA1019 old items name it
	"golang.org/x/crypto/md4"
	//lint:ignore SA1019 old items name it
	"golang.org/x/crypto/ripemd160"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

var errIntegrity = source.ErrIntegrity

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// seal seals with a fresh data key of the usual size.
func seal(t testing.TB, meta credstash.Item, plain []byte) (credstash.Item, []byte) {
	t.Helper()
	n, err := credstash.KeySize(meta.Algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return sealWith(t, meta, plain, randomBytes(n))
}

func sealWith(t testing.TB, meta credstash.Item, plain, dataKey []byte) (credstash.Item, []byte) {
	t.Helper()
	if meta.Name == "" {
		meta.Name, meta.Version, meta.Key = "db.password", credstash.Pad("1"), []byte("wrapped")
	}
	item, err := credstash.Seal(meta, plain, dataKey)
	if err != nil {
		t.Fatal(err)
	}
	return item, dataKey
}

func TestRoundTrip(t *testing.T) {
	metas := []credstash.Item{{}, {Comment: "rotated ✓"}, {Algorithm: credstash.AESCTR}, {Algorithm: credstash.AESGCM}}
	for _, d := range []string{"SHA", "SHA224", "SHA256", "SHA384", "SHA512", "MD5"} {
		metas = append(metas, credstash.Item{Digest: d})
	}
	for _, d := range []string{"SHA224", "SHA384", "SHA512"} {
		metas = append(metas, credstash.Item{Algorithm: credstash.AESCTR, Digest: d})
	}
	for _, meta := range metas {
		t.Run(fmt.Sprintf("%s %s", meta.Algorithm, meta.Digest), func(t *testing.T) {
			check := func(plain []byte) bool {
				item, dataKey := seal(t, meta, plain)
				stored, err := credstash.Decode(item.Encode())
				if err != nil || !reflect.DeepEqual(item, stored) { // cmp is slow on 100 KiB
					t.Errorf("stored (-want +got):\n%s%v", cmp.Diff(item, stored), err)
				}
				got, err := credstash.Open(stored, dataKey, credstash.OpenOptions{})
				return err == nil && got != nil && bytes.Equal(got, plain)
			}
			if err := quick.Check(check, &quick.Config{MaxCount: 30}); err != nil {
				t.Error(err)
			}
			for _, n := range []int{0, 1, 15, 16, 17, 100 * 1024} {
				if !check(randomBytes(n)) {
					t.Errorf("%d bytes do not come back", n)
				}
			}
		})
	}
}

func TestSealTakesEveryKeyLengthOfItsAlgorithm(t *testing.T) {
	for algorithm, sizes := range keySizes {
		for n := range 130 {
			item, err := credstash.Seal(credstash.Item{Name: "n", Version: "1", Key: []byte("w"), Algorithm: algorithm},
				[]byte("value"), randomBytes(n))
			if want := strings.Contains(sizes, fmt.Sprintf(" %d ", n)); (err == nil) != want {
				t.Errorf("%q: a data key of %d bytes: %v", algorithm, n, err)
			}
			if err != nil && !cmp.Equal(item, credstash.Item{}) {
				t.Errorf("%q: an item beside the error", algorithm)
			}
		}
	}
}

var keySizes = map[string]string{
	credstash.Legacy: " 64 ",
	credstash.AESCTR: " 32 48 64 ",
	credstash.AESGCM: " 16 24 32 ",
}

// TestForgery: whatever somebody who can write the table makes of an item, he
// gets an integrity error and no plaintext.
func TestForgery(t *testing.T) {
	const plain = "a value that the forger knows........ and it is long"
	none := credstash.OpenOptions{RescueCTR32LE: true}
	for algorithm, sizes := range keySizes {
		for _, n := range strings.Fields(sizes) {
			var size int
			if _, err := fmt.Sscan(n, &size); err != nil {
				t.Fatal(err)
			}
			sealed, dataKey := sealWith(t, credstash.Item{Algorithm: algorithm}, []byte(plain), randomBytes(size))
			for name, forge := range forgeries {
				item := clone(sealed)
				if !forge(&item) {
					continue // the format has no such field
				}
				stored, err := credstash.Decode(item.Encode())
				if err != nil {
					t.Fatal(err)
				}
				got, err := credstash.Open(stored, dataKey, none)
				if !errors.Is(err, source.ErrIntegrity) || got != nil {
					t.Errorf("%q key %d, %s: got %q, %v", algorithm, size, name, got, err)
				}
			}
			testOtherKeyLengths(t, sealed, dataKey)
		}
	}
}

func testOtherKeyLengths(t *testing.T, item credstash.Item, dataKey []byte) {
	t.Helper()
	for n := range 130 {
		key := randomBytes(n)
		copy(key, dataKey) // a longer key that starts alike, a shorter that is its head
		if n == len(dataKey) {
			continue
		}
		got, err := credstash.Open(item, key, credstash.OpenOptions{})
		if !errors.Is(err, source.ErrIntegrity) || got != nil {
			t.Errorf("%q opened with %d of %d key bytes: %v", item.Algorithm, n, len(dataKey), err)
		}
	}
}

func clone(it credstash.Item) credstash.Item {
	for _, b := range []*[]byte{&it.Key, &it.Contents, &it.HMAC, &it.Nonce, &it.IV, &it.Tag} {
		*b = bytes.Clone(*b)
	}
	return it
}

// flip turns the last bit of a field over; false where there is none.
func flip(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	b[len(b)-1] ^= 1
	return true
}

func relabel(it *credstash.Item, algorithm string) bool {
	if it.Algorithm == algorithm {
		return false
	}
	it.Algorithm = algorithm
	// Give the forger every attribute that the other format asks for.
	if len(it.HMAC) == 0 {
		it.HMAC = append(bytes.Clone(it.Tag), it.Tag...)
	}
	if len(it.Tag) == 0 {
		it.IV, it.Tag = bytes.Clone(it.HMAC[:12]), bytes.Clone(it.HMAC[:16])
	}
	it.Digest = "SHA256"
	return true
}

var forgeries = map[string]func(*credstash.Item) bool{
	"contents flipped": func(it *credstash.Item) bool { return flip(it.Contents) },
	"contents cut":     func(it *credstash.Item) bool { it.Contents = it.Contents[:len(it.Contents)-1]; return true },
	"contents longer":  func(it *credstash.Item) bool { it.Contents = append(it.Contents, 0); return true },
	"contents gone":    func(it *credstash.Item) bool { it.Contents = nil; return true },
	"hmac flipped":     func(it *credstash.Item) bool { return flip(it.HMAC) },
	"hmac cut":         func(it *credstash.Item) bool { return cut(&it.HMAC, 1) },
	"hmac of one byte": func(it *credstash.Item) bool { return cut(&it.HMAC, len(it.HMAC)-1) },
	"hmac gone":        func(it *credstash.Item) bool { return cut(&it.HMAC, len(it.HMAC)) },
	"other digest": func(it *credstash.Item) bool {
		it.Digest = "SHA512"
		return it.Algorithm != credstash.AESGCM
	},
	"iv flipped":                  func(it *credstash.Item) bool { return flip(it.IV) },
	"iv cut":                      func(it *credstash.Item) bool { return cut(&it.IV, 1) },
	"iv gone":                     func(it *credstash.Item) bool { return cut(&it.IV, len(it.IV)) },
	"tag flipped":                 func(it *credstash.Item) bool { return flip(it.Tag) },
	"tag cut to 12":               func(it *credstash.Item) bool { return cut(&it.Tag, 4) },
	"tag of one byte":             func(it *credstash.Item) bool { return cut(&it.Tag, 15) },
	"tag gone":                    func(it *credstash.Item) bool { return cut(&it.Tag, 16) },
	"tag longer":                  func(it *credstash.Item) bool { it.Tag = append(it.Tag, 0); return len(it.Tag) > 1 },
	"tag grown into the contents": func(it *credstash.Item) bool { return shift(it, len(it.Contents)-4) },
	"contents grown into the tag": func(it *credstash.Item) bool { return shift(it, len(it.Contents)+4) },
	"nonce cut":                   func(it *credstash.Item) bool { return cut(&it.Nonce, 1) },
	"gcm as ctr": func(it *credstash.Item) bool {
		return it.Algorithm == credstash.AESGCM && relabel(it, credstash.AESCTR)
	},
	"gcm as legacy": func(it *credstash.Item) bool {
		return it.Algorithm == credstash.AESGCM && relabel(it, credstash.Legacy)
	},
	"ctr as gcm": func(it *credstash.Item) bool { return relabel(it, credstash.AESGCM) },
	"no key":     func(it *credstash.Item) bool { it.Key = nil; return true },
}

// shift moves the border between contents and tag: together they stay the same.
func shift(it *credstash.Item, contents int) bool {
	all := append(it.Contents, it.Tag...)
	if len(it.Tag) == 0 {
		return false
	}
	it.Contents, it.Tag = all[:contents], all[contents:]
	return true
}

func cut(b *[]byte, n int) bool {
	if len(*b) == 0 {
		return false
	}
	*b = (*b)[:len(*b)-n]
	return true
}

// TestNonceIsNotAuthenticated pins a weakness of credsmash's aes-ctr that no
// reader can mend: its HMAC covers the ciphertext alone.
func TestNonceIsNotAuthenticated(t *testing.T) {
	item, dataKey := seal(t, credstash.Item{Algorithm: credstash.AESCTR}, []byte("value"))
	flip(item.Nonce)
	if got, err := credstash.Open(item, dataKey, credstash.OpenOptions{}); err != nil || string(got) == "value" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestDigests: each name means the hash that its writers mean by it.
func TestDigests(t *testing.T) {
	sealed, dataKey := seal(t, credstash.Item{}, []byte("value"))
	for name, h := range map[string]func() hash.Hash{
		"SHA": sha1.New, "SHA1": sha1.New, "SHA224": sha256.New224, "SHA256": sha256.New, "SHA384": sha512.New384, "SHA512": sha512.New,
		"MD5": md5.New, "MD4": md4.New, "RIPEMD": ripemd160.New, "RIPEMD160": ripemd160.New, "": sha256.New, "sha512": sha512.New,
	} {
		item := sealed
		mac := hmac.New(h, dataKey[32:])
		mac.Write(item.Contents)
		item.Digest, item.HMAC = name, mac.Sum(nil)
		if got, err := credstash.Open(item, dataKey, credstash.OpenOptions{}); string(got) != "value" || err != nil {
			t.Errorf("%q: got %q, %v", name, got, err)
		}
	}
}

func TestOpenUnsupported(t *testing.T) {
	sealed, dataKey := seal(t, credstash.Item{}, []byte("value"))
	tests := []struct {
		name string
		edit func(*credstash.Item)
		says string
	}{
		{"algorithm", func(it *credstash.Item) { it.Algorithm = "aes-xts" }, "aes-xts"},
		{"algorithm in capitals", func(it *credstash.Item) { it.Algorithm = "AES-CTR" }, "AES-CTR"},
		{"digest", func(it *credstash.Item) { it.Digest = "BLAKE2" }, "BLAKE2"},
		{"MD2", func(it *credstash.Item) { it.Digest = "MD2" }, "SHA256"},
		{"WHIRLPOOL", func(it *credstash.Item) { it.Digest = "WHIRLPOOL" }, "SHA256"},
	}
	for _, tt := range tests {
		item := sealed
		tt.edit(&item)
		got, err := credstash.Open(item, dataKey, credstash.OpenOptions{})
		if !errors.Is(err, source.ErrUnsupported) || got != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %q, %v", tt.name, got, err)
		}
		if item.Check() == nil {
			t.Errorf("%s: Check lets it pass to KMS", tt.name)
		}
	}
}

func BenchmarkOpen100KiB(b *testing.B) {
	for _, algorithm := range []string{credstash.Legacy, credstash.AESCTR, credstash.AESGCM} {
		item, dataKey := seal(b, credstash.Item{Algorithm: algorithm}, randomBytes(100*1024))
		attrs := item.Encode()
		b.Run("algorithm="+algorithm, func(b *testing.B) {
			b.SetBytes(100 * 1024)
			b.ReportAllocs()
			for b.Loop() {
				stored, err := credstash.Decode(attrs)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := credstash.Open(stored, dataKey, credstash.OpenOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
