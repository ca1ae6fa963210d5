package s3

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

// Each checksum that S3 may keep, of the string that checksums are usually
// tried on (https://reveng.sourceforge.io/crc-catalogue/all.htm).
func TestChecksums(t *testing.T) {
	for name, sum := range map[string]string{
		"Crc32": "cbf43926", "Crc32c": "e3069283", "Crc64nvme": "ae8b14860a799888", "Sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
		"Sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	} {
		raw, err := hex.DecodeString(sum)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{"X-Amz-Checksum-" + name: {base64.StdEncoding.EncodeToString(raw)}}
		if err := intact(h, []byte("123456789")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := intact(h, []byte("123456780")); !errors.Is(err, source.ErrIntegrity) {
			t.Errorf("%s of another text: %v", name, err)
		}
	}
}
