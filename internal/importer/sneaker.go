package importer

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

// sneakerKeyMax is more than any data key is when KMS has wrapped it.
const sneakerKeyMax = 6144

// SneakerObject opens an object that sneaker uploaded to path, as in "bucket/prefix/name".
// master is what its SNEAKER_MASTER_CONTEXT held.
func SneakerObject(ctx context.Context, kms Decrypter, data []byte, path string, master map[string]string) ([]byte, error) {
	pairs := map[string]string{"Path": "s3://" + path}
	for k, v := range master {
		if k == "Path" {
			return nil, errors.New("sneaker sets the pair Path itself: leave it out")
		}
		pairs[k] = v
	}
	return openSneaker(ctx, kms, data, pairs)
}

// SneakerPack opens a file that 'sneaker pack' made, with the pairs of its --context.
func SneakerPack(ctx context.Context, kms Decrypter, data []byte, pairs map[string]string) ([]secretfile.Entry, error) {
	archive, err := openSneaker(ctx, kms, data, pairs)
	if err != nil {
		return nil, err
	}
	var entries []secretfile.Entry
	for files := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return entries, nil
		case err != nil:
			return nil, fmt.Errorf("%w: the pack contains no tar archive", source.ErrIntegrity)
		case h.Typeflag == tar.TypeDir:
			continue
		case h.Typeflag != tar.TypeReg:
			return nil, fmt.Errorf("%w: %s in the pack is not a file", source.ErrUnsupported, source.Show(h.Name))
		}
		value, err := io.ReadAll(files)
		if err != nil {
			return nil, fmt.Errorf("%w: the pack ends within %s", source.ErrIntegrity, source.Show(h.Name))
		}
		entries = append(entries, secretfile.Entry{Name: h.Name, Value: source.NewSecret(value)})
	}
}

// openSneaker opens sneaker's envelope: the length of the wrapped data key in four bytes,
// that key, a nonce, and AES-256-GCM with the ARN of the KMS key as additional data.
func openSneaker(ctx context.Context, kms Decrypter, data []byte, pairs map[string]string) ([]byte, error) {
	if len(data) < 4 {
		return nil, errNotSneaker()
	}
	n := binary.BigEndian.Uint32(data)
	rest := data[4:]
	if n == 0 || n > sneakerKeyMax || int(n) > len(rest) {
		return nil, errNotSneaker()
	}
	wrapped, sealed := rest[:n], rest[n:]
	key, arn, err := kms.DecryptWith(ctx, wrapped, pairs)
	if err != nil {
		return nil, err
	}
	if len(key) != dataKeySize {
		return nil, fmt.Errorf("%w: the data key has %d bytes, not %d", source.ErrIntegrity, len(key), dataKeySize)
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize()+aead.Overhead() {
		return nil, errNotSneaker()
	}
	return opened(aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(arn)))
}

func errNotSneaker() error {
	return fmt.Errorf("%w: not what sneaker writes", source.ErrIntegrity)
}
