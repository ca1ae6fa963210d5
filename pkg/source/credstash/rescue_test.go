package credstash_test

import (
	"crypto/aes"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// rucredstash seals as that tool does: the first counter is credstash's, the
// next count up in the first bytes.
func rucredstash(t *testing.T, plain string) (credstash.Item, []byte) {
	t.Helper()
	dataKey := randomBytes(64)
	standard, _ := sealWith(t, credstash.Item{}, make([]byte, len(plain)), dataKey) // the key stream
	block, err := aes.NewCipher(dataKey[:32])
	if err != nil {
		t.Fatal(err)
	}
	mixed := []byte(plain) // what standard CTR makes of the damaged ciphertext
	for i := range mixed {
		counter, stream := make([]byte, 16), make([]byte, 16)
		counter[0], counter[15] = byte(i/16), 1
		block.Encrypt(stream, counter)
		mixed[i] ^= stream[i%16] ^ standard.Contents[i]
	}
	return sealWith(t, credstash.Item{}, mixed, dataKey)
}

func TestRescue(t *testing.T) {
	for name, plain := range map[string]string{
		"two blocks":                    "0123456789abcdef0123456789abcdefXYZ",
		"a character across the border": "0123456789abcd🔐 and more",
		"255 blocks":                    strings.Repeat("fifteen bytes.\n ", 255),
	} {
		item, dataKey := rucredstash(t, plain)
		got, err := credstash.Open(item, dataKey, credstash.OpenOptions{})
		if err != nil || string(got) == plain {
			t.Errorf("%s: opened without the option: %v", name, err)
		}
		rescued := 0
		got, err = credstash.Open(item, dataKey, credstash.OpenOptions{RescueCTR32LE: true, Rescued: func(credstash.Item) { rescued++ }})
		if err != nil || string(got) != plain || rescued != 1 {
			t.Errorf("%s: got %.40q, %v, told %d times", name, got, err, rescued)
		}
	}
}

// TestRescueLeavesOthersAlone: what is sound stays as it is, and is not said to
// need mending.
func TestRescueLeavesOthersAlone(t *testing.T) {
	for _, plain := range []string{
		"", "short", "short \xff", "sixteen bytes ok", strings.Repeat("text ", 9),
		"sixteen bytes ok\xff\xfe binary", "\xff binary from the start ............", string(randomBytes(4096)),
	} {
		for _, algorithm := range []string{credstash.Legacy, credstash.AESCTR} {
			item, dataKey := seal(t, credstash.Item{Algorithm: algorithm}, []byte(plain))
			got, err := credstash.Open(item, dataKey, credstash.OpenOptions{
				RescueCTR32LE: true,
				Rescued:       func(credstash.Item) { t.Errorf("%.40q was rescued", plain) },
			})
			if err != nil || string(got) != plain {
				t.Errorf("got %.40q, %v, want %.40q", got, err, plain)
			}
		}
	}
}
