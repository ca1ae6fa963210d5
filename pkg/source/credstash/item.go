// Package credstash implements the item format of the credstash family: one version of
// a secret as a DynamoDB item, as credstash, credsmash, gcredstash, unicreds,
// nodecredstash, rucredstash and others write it. It has no client and no clock, and
// only [Seal] uses randomness.
//
// Every item has a data key that KMS wrapped and a ciphertext made with that key. The
// attribute "algorithm" is one of three:
//
//   - absent or "aes-ctr-legacy": what credstash itself writes. A data key of 64
//     bytes; the first half is an AES-256-CTR key, its counter starting at one,
//     the second half the key of an HMAC over the ciphertext. "key" and
//     "contents" are base64 text, "hmac" is hex, as text or as binary.
//   - "aes-ctr": credsmash's default. The same with a random nonce, a data key
//     of 32, 48 or 64 bytes, and raw binary attributes.
//   - "aes-gcm": credsmash. A data key of 16, 24 or 32 bytes, "iv" and "tag".
//
// [Decode] turns the attributes of any of them into an [Item], and [Open] an
// Item into the plaintext; [Seal] and [Item.Encode] go the other way, writing
// what every reader of the family can read. Versions are strings, compared byte
// by byte: see [Pad], [Candidates] and [Next].
//
// The formats do not authenticate name, version, comment, digest and (in aes-ctr) the
// nonce. Only the encryption context, which KMS checks when it unwraps the data key,
// binds an item to a purpose.
package credstash

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
)

// Algorithms, as the attribute "algorithm" spells them.
const (
	Legacy = ""        // credstash's own; "aes-ctr-legacy" is read as this
	AESCTR = "aes-ctr" // credsmash
	AESGCM = "aes-gcm" // credsmash
)

// Item is one version of one secret as the table holds it, whoever wrote it,
// with text encodings (base64, hex) already undone.
type Item struct {
	Name    string
	Version string // as stored, padded or not
	Comment string

	Algorithm string // Legacy, AESCTR, AESGCM, or one that is not known
	Key       []byte // the data key, wrapped by KMS
	Contents  []byte // ciphertext
	HMAC      []byte // raw; not in aes-gcm
	Digest    string // empty: SHA256
	Nonce     []byte // aes-ctr; empty: a counter that starts at one
	IV, Tag   []byte // aes-gcm

	// Foreign are the attributes that are no part of the format, such as the
	// created_at of unicreds. They stay with the item wherever it is written.
	Foreign map[string]Attribute

	// Fault is the error of an item that has a name and a version and is otherwise
	// garbled. Open returns it. So one broken item does not end a scan.
	Fault error
}

// Attribute is one DynamoDB attribute: its type and its value. Back ends convert to
// and from their own types; [Decode] and [Item.Encode] know what belongs in it.
// Marshaled, it is DynamoDB's JSON
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html).
type Attribute struct {
	Type string
	S    string // S and N
	B    []byte // B
	// JSON is the value of a type that no item format uses: BOOL, L, M, SS, NS and
	// BS. It is what DynamoDB's JSON holds under the type.
	JSON json.RawMessage
}

// Equal reports whether two attributes have the same type and value.
func (a Attribute) Equal(b Attribute) bool {
	return a.Type == b.Type && a.S == b.S && bytes.Equal(a.B, b.B) && bytes.Equal(a.JSON, b.JSON)
}

// MarshalJSON implements json.Marshaler.
func (a Attribute) MarshalJSON() ([]byte, error) {
	value := map[string]any{}
	switch a.Type {
	case "S", "N":
		value[a.Type] = a.S
	case "B":
		value[a.Type] = append([]byte{}, a.B...) // nil would be null
	case "NULL":
		value[a.Type] = true
	default:
		value[a.Type] = a.JSON
	}
	return json.Marshal(value)
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Attribute) UnmarshalJSON(data []byte) (err error) {
	var value map[string]json.RawMessage
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	if len(value) != 1 {
		return fmt.Errorf("an attribute has one type, not %d", len(value))
	}
	for kind, raw := range value {
		*a = Attribute{Type: kind}
		switch kind {
		case "S", "N":
			err = json.Unmarshal(raw, &a.S)
		case "B":
			err = json.Unmarshal(raw, &a.B)
		case "NULL":
		default:
			a.JSON = raw
		}
	}
	return err
}

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
