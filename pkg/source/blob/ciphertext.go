package blob

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/pkg/source"
)

// maxNesting is how often a ciphertext may be encoded: base64 in a document that
// somebody encoded in base64 again.
const maxNesting = 4

// minBlob is less than the shortest ciphertext: it holds a nonce, a tag and what tells
// its key.
const minBlob = 32

// ciphertext finds what KMS made in a file that holds it in one of the forms that
// `aws kms encrypt` prints. Text that holds none is an error: what KMS makes is never
// text, and KMS would report a wrong context.
func ciphertext(data []byte) ([]byte, error) {
	for range maxNesting {
		if isSneaker(data) {
			return nil, fmt.Errorf("%w: an object of sneaker: 'credrender import REF --from-format sneaker' reads it", source.ErrUnsupported)
		}
		if !isText(data) {
			break
		}
		inner, ok := unwrap(string(data))
		if !ok {
			return nil, errForm()
		}
		data = inner
	}
	if len(data) < minBlob || len(data) > maxBlob || isText(data) {
		return nil, errForm()
	}
	return data, nil
}

func errForm() error {
	return fmt.Errorf("%w: it is neither what 'aws kms encrypt' printed nor an envelope", source.ErrIntegrity)
}

// unwrap decodes text in one of the forms: base64, in lines of any length; the line
// of --output text, with the ARN of the key and the algorithm; a document in JSON or
// YAML.
func unwrap(text string) ([]byte, bool) {
	words := strings.Fields(text)
	if slices.ContainsFunc(words, isARN) {
		words = slices.DeleteFunc(words, func(w string) bool { return isARN(w) || strings.Contains(w, "_") })
	}
	for _, encoded := range []string{strings.Join(words, ""), strings.Join(strings.Fields(printed(text)), "")} {
		if b, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(b) > 0 {
			return b, true
		}
	}
	return nil, false
}

func isARN(word string) bool { return strings.HasPrefix(word, "arn:") }

// printed returns the CiphertextBlob of a document, which may be a list of one, or
// the text that is the whole document; else "".
func printed(text string) string {
	var doc any
	if yaml.Unmarshal([]byte(text), &doc) != nil {
		return ""
	}
	if list, ok := doc.([]any); ok && len(list) == 1 {
		doc = list[0]
	}
	if object, ok := doc.(map[string]any); ok {
		doc = object["CiphertextBlob"]
	}
	blob, _ := doc.(string)
	return blob
}

// plainText undoes what shells and editors add to text: a byte order mark, and
// UTF-16, in which PowerShell writes what it redirects. Other data it returns as it is.
func plainText(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return data
	}
	var units []uint16
	for pair := range slices.Chunk(data[2:], 2) {
		if len(pair) < 2 {
			return data
		}
		units = append(units, order.Uint16(pair))
	}
	if text := []byte(string(utf16.Decode(units))); isText(text) {
		return text
	}
	return data
}

// isText reports whether data is text, as no ciphertext of KMS is: its first bytes
// are control characters, and most of the others are random.
func isText(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) })
}

// isSneaker reports whether data has the form of an object of sneaker: the length of
// a ciphertext of KMS in four bytes, that ciphertext, a nonce of 12 bytes and a
// ciphertext of AES-GCM with its tag.
func isSneaker(data []byte) bool {
	if len(data) < 4 {
		return false
	}
	n := binary.BigEndian.Uint32(data)
	return n >= minBlob && n <= maxBlob && len(data) >= 4+int(n)+12+16
}
