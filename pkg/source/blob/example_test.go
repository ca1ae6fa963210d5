package blob_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
)

// toyKeys stands for KMS ([kms.Keys]) and encrypts nothing. Like a ciphertext of KMS,
// its results are not text.
type toyKeys struct{}

var sealed = bytes.Repeat([]byte{0xff}, 32)

func (toyKeys) Encrypt(_ context.Context, plain []byte, _ map[string]string) ([]byte, error) {
	return append(bytes.Clone(sealed), plain...), nil
}

func (toyKeys) Decrypt(_ context.Context, wrapped []byte, _ map[string]string) ([]byte, error) {
	return bytes.TrimPrefix(wrapped, sealed), nil
}

func (toyKeys) GenerateDataKey(_ context.Context, n int, _ map[string]string) (plain, wrapped []byte, err error) {
	return make([]byte, n), append(bytes.Clone(sealed), make([]byte, n)...), nil
}

// A small value is what KMS returns, in base64; a large one is in an envelope.
func Example() {
	ctx := context.Background()
	small, err := blob.Seal(ctx, toyKeys{}, []byte("hunter2"), source.Context{})
	fmt.Println(string(small), err)
	large, err := blob.Seal(ctx, toyKeys{}, make([]byte, 5000), source.Context{})
	fmt.Println(string(large[:21]), err)
	plain, err := blob.Open(ctx, toyKeys{}, small, source.Context{})
	fmt.Println(string(plain), err)
	// Output:
	// //////////////////////////////////////////9odW50ZXIy
	//  <nil>
	// credrender-envelope/1 <nil>
	// hunter2 <nil>
}
