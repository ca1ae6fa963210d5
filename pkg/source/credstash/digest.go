package credstash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"strings"

	//lint:ignore SA1019 items of credstash 1.12 name it
	"golang.org/x/crypto/md4"
	//lint:ignore SA1019 items of credstash 1.12 to 1.14 name it
	"golang.org/x/crypto/ripemd160"

	"github.com/credrender/credrender/pkg/source"
)

// hashOf returns the hash behind the HMAC of an item, by the names that any
// version of any writer has stored. Case is no matter: nodecredstash stores
// what its caller typed.
func hashOf(digest string) (func() hash.Hash, error) {
	switch strings.ToUpper(digest) {
	case "", "SHA256": // credstash before 1.12 and most ports store no name
		return sha256.New, nil
	case "SHA", "SHA1": // rucredstash says SHA1
		return sha1.New, nil
	case "SHA224":
		return sha256.New224, nil
	case "SHA384":
		return sha512.New384, nil
	case "SHA512":
		return sha512.New, nil
	case "MD5":
		return md5.New, nil
	case "MD4": // credstash 1.12, as the next
		return md4.New, nil
	case "RIPEMD", "RIPEMD160": // until 1.14
		return ripemd160.New, nil
	case "MD2", "WHIRLPOOL":
		return nil, fmt.Errorf("%w: digest %s is not built in: put the secret again with SHA256",
			source.ErrUnsupported, source.Show(digest))
	}
	return nil, fmt.Errorf("%w: digest %s", source.ErrUnsupported, source.Show(digest))
}
