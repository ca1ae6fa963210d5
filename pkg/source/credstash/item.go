package credstash

// Item is one version of one secret as the table holds it, whoever wrote it,
// with text encodings (base64, hex) already undone.
type Item struct {
	Name    string
	Version string // as stored, padded or not
	Comment string

	Algorithm string // empty: the legacy format of credstash
	Key       []byte // the data key, wrapped by KMS
	Contents  []byte // ciphertext
	HMAC      []byte // raw; not in aes-gcm
	Digest    string // empty: SHA256
	Nonce     []byte // aes-ctr; empty: a counter that starts at one
	IV, Tag   []byte // aes-gcm
}

// Attribute is one DynamoDB attribute: the type letter (S, B, N, NULL) and
// the value. Back ends convert to and from their own types; [Decode] and
// [Item.Encode] know what belongs in it.
type Attribute struct {
	Type string
	S    string // S and N
	B    []byte // B
}
