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
