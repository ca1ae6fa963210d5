package blob_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
)

// toyKeys stands for KMS ([kms.Keys]) and encrypts nothing.
type toyKeys struct{}

func (toyKeys) Encrypt(_ context.Context, plain []byte, _ map[string]string) ([]byte, error) {
	return append([]byte("sealed:"), plain...), nil
}

func (toyKeys) Decrypt(_ context.Context, wrapped []byte, _ map[string]string) ([]byte, error) {
	return bytes.TrimPrefix(wrapped, []byte("sealed:")), nil
}

func (toyKeys) GenerateDataKey(_ context.Context, n int, _ map[string]string) (plain, wrapped []byte, err error) {
	return make([]byte, n), append([]byte("sealed:"), make([]byte, n)...), nil
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
	// c2VhbGVkOmh1bnRlcjI=
	//  <nil>
	// credrender-envelope/1 <nil>
	// hunter2 <nil>
}
