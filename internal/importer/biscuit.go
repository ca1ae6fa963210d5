package importer

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/nacl/secretbox"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

// biscuitTemplate is a name in files of biscuit that stands for no secret: it holds the
// keys for new ones.
const biscuitTemplate = "_keys"

const (
	dataKeySize      = 32
	secretboxNonce   = 24
	biscuitKMS       = "kms"
	biscuitTesting   = "testing" // its data key is the same everywhere: 32 times x
	biscuitPlain     = "none"
	biscuitSecretbox = "secretbox"
	biscuitGCM       = "aesgcm256"
)

// biscuitEntry is a value of a secret, encrypted under one key. A secret has one entry for
// each key, all of the same value.
type biscuitEntry struct {
	line                            int
	keyID, manager, algorithm       string
	wrapped, ciphertext             []byte
	hasKey, hasCipher, hasAlgorithm bool
}

// Keys returns KMS in a region; "" is the configured one.
type Keys func(ctx context.Context, region string) (Decrypter, error)

// Biscuit opens a file of biscuit. Of a secret it opens the first entry that it can, those
// of the given region first. insecure are the names of secrets that the key manager for
// tests encrypted, with a key that everybody has.
func Biscuit(ctx context.Context, data []byte, region string, keys Keys) (entries []secretfile.Entry, insecure []string, err error) {
	root, err := biscuitRoot(data)
	if err != nil || root == nil {
		return nil, nil, err
	}
	lines := map[string]int{}
	var failed []error
	for i := 0; i < len(root.Content); i += 2 {
		name := root.Content[i]
		if !isPlain(name) {
			return nil, nil, &secretfile.SyntaxError{Line: name.Line, Msg: "a name is not plain text"}
		}
		if at := lines[name.Value]; at > 0 {
			return nil, nil, &secretfile.SyntaxError{Line: name.Line, Msg: fmt.Sprintf("%s is given already on line %d", source.Show(name.Value), at)}
		}
		lines[name.Value] = name.Line
		if name.Value == biscuitTemplate {
			continue
		}
		all, err := biscuitEntries(name.Value, root.Content[i+1])
		if err != nil {
			return nil, nil, err
		}
		value, used, err := openAny(ctx, name.Value, all, region, keys)
		if err != nil {
			failed = append(failed, &source.RefError{Ref: source.Ref{Name: name.Value}, Err: err})
			continue
		}
		if used.manager == biscuitTesting {
			insecure = append(insecure, name.Value)
		}
		entries = append(entries, secretfile.Entry{Name: name.Value, Value: source.NewSecret(value), Line: name.Line})
	}
	return entries, insecure, errors.Join(failed...)
}

func biscuitRoot(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil: // it quotes the file
		return nil, &secretfile.SyntaxError{Msg: "not valid YAML"}
	case len(doc.Content) == 0:
		return nil, nil
	case doc.Content[0].Kind != yaml.MappingNode:
		return nil, &secretfile.SyntaxError{Line: doc.Content[0].Line, Msg: "not a mapping of names and lists, which a file of biscuit is"}
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, &secretfile.SyntaxError{Msg: "more than one YAML document, which a file of biscuit is not"}
	}
	return doc.Content[0], nil
}

// isPlain reports whether a node is text as it stands in the file: no alias, base64, null
// or merge key, which would be read under another name.
func isPlain(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!binary", "!!null", "!!merge":
		return false
	}
	return n.Kind == yaml.ScalarNode
}

func biscuitEntries(name string, list *yaml.Node) ([]biscuitEntry, error) {
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		return nil, &secretfile.SyntaxError{Line: list.Line, Msg: source.Show(name) + " is not a list of encrypted values, which a file of biscuit has"}
	}
	var entries []biscuitEntry
	for _, n := range list.Content {
		e, err := parseBiscuitEntry(n)
		if err != nil {
			return nil, &secretfile.SyntaxError{Line: n.Line, Msg: source.Show(name) + ": " + err.Error()}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func parseBiscuitEntry(n *yaml.Node) (e biscuitEntry, err error) {
	e.line = n.Line
	if n.Kind != yaml.MappingNode {
		return e, errors.New("an encrypted value is not a mapping")
	}
	given := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		switch {
		case !isPlain(n.Content[i]):
			return e, errors.New("a key is not plain text")
		case value.Kind != yaml.ScalarNode || value.ShortTag() == "!!binary":
			return e, fmt.Errorf("%s is not text", source.Show(key))
		case given[key]:
			return e, fmt.Errorf("%s is given twice", source.Show(key))
		}
		given[key] = true
		switch key {
		case "key_id":
			e.keyID = value.Value
		case "key_manager":
			e.manager = value.Value
		case "algorithm":
			e.algorithm, e.hasAlgorithm = value.Value, true
		case "key_ciphertext":
			e.wrapped, err = base64.StdEncoding.DecodeString(value.Value)
			e.hasKey = true
		case "ciphertext":
			e.ciphertext, err = base64.StdEncoding.DecodeString(value.Value)
			e.hasCipher = true
		default:
			return e, fmt.Errorf("an unknown key: %s", source.Show(key))
		}
		if err != nil {
			return e, fmt.Errorf("%s is not base64", key)
		}
	}
	switch {
	case !e.hasCipher || !e.hasAlgorithm:
		return e, errors.New("no ciphertext or no algorithm")
	case !slices.Contains([]string{biscuitPlain, biscuitSecretbox, biscuitGCM}, e.algorithm):
		return e, fmt.Errorf("an unknown algorithm: %s", source.Show(e.algorithm))
	case e.algorithm == biscuitPlain:
		return e, nil
	case e.manager != biscuitKMS && e.manager != biscuitTesting:
		return e, fmt.Errorf("an unknown key manager: %s", source.Show(e.manager))
	case !e.hasKey:
		return e, errors.New("no key_ciphertext")
	}
	return e, nil
}

// openAny opens the first entry that opens. The error tells why each does not.
func openAny(ctx context.Context, name string, all []biscuitEntry, region string, keys Keys) (value []byte, used biscuitEntry, err error) {
	slices.SortStableFunc(all, func(a, b biscuitEntry) int { return rank(a, region) - rank(b, region) })
	var failed []error
	for _, e := range all {
		value, err := e.open(ctx, name, keys)
		if err == nil {
			return value, e, nil
		}
		failed = append(failed, fmt.Errorf("line %d: %w", e.line, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, used, errors.Join(failed...)
}

// rank orders entries by the requests that they take.
func rank(e biscuitEntry, region string) int {
	switch {
	case e.algorithm == biscuitPlain || e.manager == biscuitTesting:
		return 0
	case regionOf(e.keyID) == region:
		return 1
	}
	return 2
}

func (e biscuitEntry) open(ctx context.Context, name string, keys Keys) ([]byte, error) {
	if e.algorithm == biscuitPlain {
		return e.ciphertext, nil
	}
	key := bytes.Repeat([]byte("x"), dataKeySize)
	if e.manager == biscuitKMS {
		kms, err := keys(ctx, regionOf(e.keyID))
		if err != nil {
			return nil, err
		}
		if key, _, err = kms.DecryptWith(ctx, e.wrapped, map[string]string{"SecretName": name}); err != nil {
			return nil, err
		}
	}
	if len(key) != dataKeySize {
		return nil, fmt.Errorf("%w: the data key has %d bytes, not %d", source.ErrIntegrity, len(key), dataKeySize)
	}
	if e.algorithm == biscuitGCM {
		return openGCM(key, e.ciphertext)
	}
	return openSecretbox(key, e.ciphertext)
}

// openGCM opens AES-256-GCM with its nonce at the end.
func openGCM(key, sealed []byte) ([]byte, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	n := len(sealed) - aead.NonceSize()
	if n < aead.Overhead() {
		return nil, fmt.Errorf("%w: the ciphertext is too short", source.ErrIntegrity)
	}
	return opened(aead.Open(nil, sealed[n:], sealed[:n], nil))
}

func openSecretbox(key, sealed []byte) ([]byte, error) {
	if len(sealed) < secretboxNonce+secretbox.Overhead {
		return nil, fmt.Errorf("%w: the ciphertext is too short", source.ErrIntegrity)
	}
	value, ok := secretbox.Open(nil, sealed[secretboxNonce:], (*[secretboxNonce]byte)(sealed), (*[dataKeySize]byte)(key))
	if !ok {
		return opened(nil, source.ErrIntegrity)
	}
	return opened(value, nil)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func opened(value []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("%w: the ciphertext does not open with its data key", source.ErrIntegrity)
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

// regionOf returns the region of a key's ARN, or "" for a key that is none.
func regionOf(key string) string {
	if parts := strings.Split(key, ":"); len(parts) > 5 && parts[0] == "arn" {
		return parts[3]
	}
	return ""
}
