package credstash

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// Decode reads an item whoever wrote it. Attributes that are no part of its format
// go into Item.Foreign. The error is for an item without a name or version, which no table
// can hold; whatever else is wrong goes into Item.Fault.
func Decode(attrs map[string]Attribute) (Item, error) {
	name, version := attrs["name"], attrs["version"]
	if name.Type != "S" || version.Type != "S" || name.S == "" || version.S == "" {
		return Item{}, fmt.Errorf("%w: no name or no version", source.ErrIntegrity)
	}
	it := Item{Name: name.S, Version: version.S}
	if c := attrs["comment"]; c.Type == "S" {
		it.Comment = c.S
	}
	r := reader{attrs: attrs}
	it.Algorithm, it.Digest = r.word("algorithm"), r.word("digest")
	switch it.Algorithm {
	case Legacy, "aes-ctr-legacy":
		it.Algorithm = Legacy
		it.Key, it.Contents, it.HMAC = r.base64("key"), r.base64("contents"), r.hex("hmac")
	case AESCTR:
		it.Key, it.Contents, it.HMAC, it.Nonce = r.raw("key"), r.raw("contents"), r.raw("hmac"), r.raw("nonce")
	case AESGCM:
		it.Key, it.Contents, it.IV, it.Tag = r.raw("key"), r.raw("contents"), r.raw("iv"), r.raw("tag")
	}
	it.Fault = r.first
	it.Foreign = foreign(it, attrs)
	return it, nil
}

// foreign returns the attributes that Encode does not write for the item. Those of
// an unknown algorithm cannot be told apart; such an item is never written.
func foreign(it Item, attrs map[string]Attribute) map[string]Attribute {
	var others map[string]Attribute
	for name, a := range attrs {
		if isOurs(it, name) {
			continue
		}
		if others == nil {
			others = map[string]Attribute{}
		}
		others[name] = a
	}
	return others
}

func isOurs(it Item, name string) bool {
	switch name {
	case "name", "version", "algorithm", "key", "contents":
		return true
	case "comment":
		return it.Comment != ""
	case "hmac", "digest":
		return it.Algorithm != AESGCM
	case "nonce":
		return it.Algorithm == AESCTR
	case "iv", "tag":
		return it.Algorithm == AESGCM
	}
	return it.Algorithm != Legacy && it.Algorithm != AESCTR && it.Algorithm != AESGCM
}

// reader takes attributes out and keeps the first thing that is wrong with them.
// One that is missing or NULL is empty: boto once stored NULL for an empty value.
type reader struct {
	attrs map[string]Attribute
	first error
}

func (r *reader) fault(name, problem string) {
	if r.first == nil {
		r.first = fmt.Errorf("%w: attribute %s %s", source.ErrIntegrity, name, problem)
	}
}

func (r *reader) get(name string) (Attribute, bool) {
	a, ok := r.attrs[name]
	return a, ok && a.Type != "NULL"
}

func (r *reader) word(name string) string {
	a, ok := r.get(name)
	if ok && a.Type != "S" {
		r.fault(name, "is not text")
	}
	return a.S
}

// raw takes B alone. Formats are told apart by their algorithm, never by the
// type of an attribute, which whoever can write the table chooses freely.
func (r *reader) raw(name string) []byte {
	a, ok := r.get(name)
	if ok && a.Type != "B" {
		r.fault(name, "is not binary")
	}
	return a.B
}

func (r *reader) base64(name string) []byte {
	b, err := base64.StdEncoding.DecodeString(r.word(name))
	if err != nil {
		b, err = base64.StdEncoding.DecodeString(strings.Map(base64Rune, r.attrs[name].S))
	}
	if err != nil {
		r.fault(name, "is not base64")
		return nil
	}
	return b
}

// base64Rune drops what Python's decoder passes over.
func base64Rune(c rune) rune {
	switch {
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/', c == '=':
		return c
	}
	return -1
}

// hex takes text, or the same characters as B: credstash on Python 3 and
// unicreds store those.
func (r *reader) hex(name string) []byte {
	a, ok := r.get(name)
	s := a.S
	switch {
	case !ok:
	case a.Type == "B":
		s = string(a.B)
	case a.Type != "S":
		r.fault(name, "is neither text nor binary")
	}
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		r.fault(name, "is not hex")
		return nil
	}
	return b
}
