package blob_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
)

// sameKey is a KMS that unwraps whatever it is given into one key.
type sameKey struct{ noKMS }

func (sameKey) Encrypt(context.Context, []byte, map[string]string) ([]byte, error) {
	return nil, source.ErrUnsupported
}

func (k sameKey) GenerateDataKey(ctx context.Context, n int, _ map[string]string) (plain, wrapped []byte, err error) {
	plain, err = k.Decrypt(ctx, nil, nil)
	return plain[:n], []byte("a wrapped data key"), err
}

// FuzzEnvelope: an envelope opens as what was sealed. With a byte replaced, inserted or
// removed it does not open, although KMS gives the right key.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("value"), uint16(30), byte('A'), uint8(0))
	f.Add([]byte{}, uint16(0), byte('\n'), uint8(1))
	f.Add(bytes.Repeat([]byte{7}, 100), uint16(999), byte('='), uint8(2))
	f.Fuzz(func(t *testing.T, plain []byte, at uint16, b byte, how uint8) {
		plain = append(plain, bytes.Repeat([]byte{'.'}, 5000)...) // more than KMS encrypts itself
		sealed, err := blob.Seal(t.Context(), sameKey{}, plain, source.Context{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := blob.Open(t.Context(), noKMS{}, sealed, source.Context{}); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes come back as %d: %v", len(plain), len(got), err)
		}
		n := int(at) % len(sealed)
		forged := bytes.Clone(sealed[:n])
		switch how % 3 {
		case 0:
			forged = append(append(forged, b), sealed[n+1:]...)
		case 1:
			forged = append(append(forged, b), sealed[n:]...)
		case 2:
			forged = append(forged, sealed[n+1:]...)
		}
		if got, err := blob.Open(t.Context(), noKMS{}, forged, source.Context{}); err == nil && !bytes.Equal(forged, sealed) {
			t.Errorf("byte %d changed (%d, %q) opens as %d bytes", n, how%3, b, len(got))
		}
	})
}
