// Package importer opens secrets that other programs keep: files of biscuit ([Biscuit]),
// objects and packs of sneaker ([SneakerObject], [SneakerPack]), and services of chamber
// in Secrets Manager and S3 ([ChamberDocument], [ChamberIndex], [ChamberObject]). It gets
// the bytes and KMS, and reads nothing itself. Errors never quote a value.
package importer

import "context"

// A Decrypter is KMS in one region.
type Decrypter interface {
	// DecryptWith returns a data key, and the ARN of the KMS key that wrapped it. The
	// error wraps source.ErrWrongContext if the data key has another context.
	DecryptWith(ctx context.Context, wrapped []byte, encryptionContext map[string]string) (plain []byte, keyARN string, err error)
}
