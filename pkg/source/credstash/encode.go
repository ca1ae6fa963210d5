package credstash

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
)

// Encode returns the attributes to store. The legacy format is written so that
// every reader of the family takes it: text throughout (some crash on a binary
// hmac), the digest always named, no algorithm. The others are credsmash's own:
// raw binary. Attributes of other programs come with them.
func (it Item) Encode() map[string]Attribute {
	attrs := make(map[string]Attribute, 8+len(it.Foreign))
	maps.Copy(attrs, it.Foreign)
	attrs["name"], attrs["version"] = text(it.Name), text(it.Version)
	if it.Comment != "" {
		attrs["comment"] = text(it.Comment)
	}
	if it.Algorithm == Legacy {
		attrs["key"] = text(base64.StdEncoding.EncodeToString(it.Key))
		attrs["contents"] = text(base64.StdEncoding.EncodeToString(it.Contents))
		attrs["hmac"] = text(hex.EncodeToString(it.HMAC))
		attrs["digest"] = text(digestOr(it.Digest))
		return attrs
	}
	attrs["algorithm"], attrs["key"], attrs["contents"] = text(it.Algorithm), raw(it.Key), raw(it.Contents)
	if it.Algorithm == AESGCM {
		attrs["iv"], attrs["tag"] = raw(it.IV), raw(it.Tag)
		return attrs
	}
	attrs["hmac"], attrs["digest"] = raw(it.HMAC), text(digestOr(it.Digest))
	if len(it.Nonce) > 0 {
		attrs["nonce"] = raw(it.Nonce)
	}
	return attrs
}

func text(s string) Attribute { return Attribute{Type: "S", S: s} }

func raw(b []byte) Attribute { return Attribute{Type: "B", B: b} }

func digestOr(d string) string {
	if d == "" {
		return "SHA256"
	}
	return d
}

// Mark returns a short text that changes whenever the item is sealed again
// under the same version: a hash of its wrapped data key. It is no secret.
func Mark(it Item) string {
	sum := sha256.Sum256(it.Key)
	return hex.EncodeToString(sum[:16])
}
