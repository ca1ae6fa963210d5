package credstash_test

import (
	"bytes"
	"testing"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// FuzzSealOpen: what is sealed opens as it was, through the attributes of a table. With
// one bit of what the MAC covers changed, or one byte cut off, nothing opens.
func FuzzSealOpen(f *testing.F) {
	f.Add([]byte("value"), uint8(0), uint16(3))
	f.Add([]byte{}, uint8(1), uint16(0))
	f.Add(bytes.Repeat([]byte{0xff}, 300), uint8(2), uint16(2000))
	f.Fuzz(func(t *testing.T, plain []byte, kind uint8, at uint16) {
		algorithm := []string{credstash.Legacy, credstash.AESCTR, credstash.AESGCM}[kind%3]
		item, dataKey := seal(t, credstash.Item{Algorithm: algorithm}, plain)
		stored, err := credstash.Decode(item.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := credstash.Open(stored, dataKey, credstash.OpenOptions{}); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%q opens as %q: %v", plain, got, err)
		}
		for name, field := range map[string]*[]byte{"contents": &stored.Contents, "hmac": &stored.HMAC, "tag": &stored.Tag} {
			if len(*field) == 0 {
				continue
			}
			before := bytes.Clone(*field)
			(*field)[int(at)/8%len(*field)] ^= 1 << (at % 8)
			if got, err := credstash.Open(stored, dataKey, credstash.OpenOptions{RescueCTR32LE: true}); err == nil {
				t.Errorf("%q with a bit of %s changed opens as %q", plain, name, got)
			}
			*field = before[:len(before)-1]
			if got, err := credstash.Open(stored, dataKey, credstash.OpenOptions{RescueCTR32LE: true}); err == nil {
				t.Errorf("%q with %s cut opens as %q", plain, name, got)
			}
			*field = before
		}
	})
}
