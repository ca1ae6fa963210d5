package credstash

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

// Peer is another program that reads tables of this format.
type Peer string

// Peers, in the releases that docs/compatibility.md names. All of them read the legacy
// format only.
const (
	Credstash     Peer = "credstash"     // knows six digests, and returns text only
	Gcredstash    Peer = "gcredstash"    // ignores the digest: it computes SHA256
	Unicreds      Peer = "unicreds"      // likewise
	Nodecredstash Peer = "nodecredstash" //nolint:gosec // knows what OpenSSL knows, by credstash's names except SHA; text only
)

// Peers returns all of them.
func Peers() []Peer { return []Peer{Credstash, Gcredstash, Unicreds, Nodecredstash} }

// digests returns those that p knows, in capitals.
func (p Peer) digests() []string {
	switch p {
	case Gcredstash, Unicreds:
		return []string{"SHA256"}
	case Nodecredstash:
		return []string{"SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD5"}
	}
	return legacyDigests()
}

// TextOnly reports whether p cannot return a value that is not UTF-8.
func (p Peer) TextOnly() bool { return p == Credstash || p == Nodecredstash }

// Unreadable returns the part of an item that p cannot read, such as "digest SHA512",
// or "" if p can read the item. It does not look at the value: see [Peer.UnreadableValue].
func (p Peer) Unreadable(it Item) string {
	digest := digestOr(it.Digest)
	if p != Credstash { // credstash compares the name as it is, the others do not
		digest = strings.ToUpper(digest)
	}
	switch {
	case it.Algorithm != Legacy:
		return "format " + source.Show(it.Algorithm)
	case !slices.Contains(p.digests(), digest):
		return "digest " + source.Show(it.Digest)
	}
	return ""
}

// UnreadableValue is [Peer.Unreadable] for the value of an item.
func (p Peer) UnreadableValue(value []byte) string {
	if p.TextOnly() && !utf8.Valid(value) {
		return "binary value"
	}
	return ""
}

// HasDigest reports whether an item has an HMAC, and so a digest.
func HasDigest(it Item) bool { return it.Algorithm == Legacy || it.Algorithm == AESCTR }

// DigestIs reports whether the HMAC of an item is made with digest, as credstash spells it.
func DigestIs(it Item, digest string) bool {
	stored := strings.ToUpper(digestOr(it.Digest))
	if stored == "SHA1" {
		stored = "SHA"
	}
	return stored == digest
}
