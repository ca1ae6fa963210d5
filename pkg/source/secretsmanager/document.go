package secretsmanager

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/document"
)

// A secret with keys is the text of a JSON object. A write changes the text of one member
// and leaves the rest as it is: the order of keys, the digits of numbers, white space.

// member is one member of an object, by the offsets of its key and value in the text.
type member struct {
	name               string
	before             int // end of the value before it, or of the opening brace
	keyStart, keyEnd   int
	valueStart, valEnd int
}

// errNoObject: the text is not a JSON object.
var errNoObject = errors.New("it is not a JSON object")

// checkDocument reports text that is not JSON, or that readers take in different ways. The
// parser's own message may quote the text.
func checkDocument(data []byte, key string) error {
	_, err := document.JSON(string(data))
	if e, ok := errors.AsType[*document.Error](err); ok && e.Line > 0 {
		return fmt.Errorf("%w: it is not valid JSON, so it has no key %s (%w)", source.ErrUnsupported, source.Show(key), e)
	}
	if err != nil {
		return noObject(key)
	}
	return nil
}

func noObject(key string) error {
	return fmt.Errorf("%w: it is not a JSON object, so it has no key %s", source.ErrUnsupported, source.Show(key))
}

// members returns the members of an object in valid JSON.
func members(doc []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, errNoObject
	}
	var all []member
	for before := int(dec.InputOffset()); dec.More(); {
		tok, err := dec.Token()
		if err != nil {
			return nil, errNoObject
		}
		name, _ := tok.(string)
		m := member{name: name, before: before, keyEnd: int(dec.InputOffset())}
		m.keyStart = before + bytes.IndexByte(doc[before:], '"')
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, errNoObject
		}
		m.valEnd = int(dec.InputOffset())
		m.valueStart = m.valEnd - len(raw)
		before = m.valEnd
		all = append(all, m)
	}
	return all, nil
}

// path splits a key for an object. A key that begins with "/" and that the object does
// not have is a JSON Pointer to a member of an object within it.
func path(all []member, key string) []string {
	if index(all, key) >= 0 || !strings.HasPrefix(key, "/") {
		return []string{key}
	}
	return document.PointerKeys(key)
}

func index(all []member, name string) int {
	for i, m := range all {
		if m.name == name {
			return i
		}
	}
	return -1
}

// edit returns doc, an object, with the text of one member replaced. change gets the old
// text, or nil if there is no such member, and returns the new one, or nil to remove it.
func edit(doc []byte, keys []string, change func(old []byte) ([]byte, error)) ([]byte, error) {
	all, err := members(doc)
	if err != nil {
		return nil, err
	}
	i := index(all, keys[0])
	var old []byte
	if i >= 0 {
		old = doc[all[i].valueStart:all[i].valEnd]
	}
	var next []byte
	switch {
	case len(keys) == 1:
		next, err = change(old)
	case i >= 0:
		next, err = edit(old, keys[1:], change)
	default: // objects on the way are created
		next, err = edit([]byte("{}"), keys[1:], change)
	}
	switch {
	case err != nil:
		return nil, err
	case i >= 0 && next == nil:
		return remove(doc, all, i), nil
	case i >= 0:
		return splice(doc, all[i].valueStart, all[i].valEnd, next), nil
	case next == nil:
		return nil, source.ErrNotFound
	}
	return add(doc, all, keys[0], next), nil
}

func splice(doc []byte, from, to int, text []byte) []byte {
	return append(append(append([]byte{}, doc[:from]...), text...), doc[to:]...)
}

// add appends a member, with the white space of the last one.
func add(doc []byte, all []member, name string, value []byte) []byte {
	key := quote(name)
	if len(all) == 0 {
		at := bytes.IndexByte(doc, '{') + 1
		return splice(doc, at, at, append(append(key, ':'), value...))
	}
	last := all[len(all)-1]
	space := bytes.TrimLeft(doc[last.before:last.keyStart], " \t\r\n")
	lead := append([]byte{','}, doc[last.before:last.keyStart]...)
	if len(space) > 0 { // the text contains the comma
		lead = lead[1:]
	}
	text := append(append(append(lead, key...), doc[last.keyEnd:last.valueStart]...), value...)
	return splice(doc, last.valEnd, last.valEnd, text)
}

func remove(doc []byte, all []member, i int) []byte {
	switch {
	case i > 0:
		return splice(doc, all[i].before, all[i].valEnd, nil)
	case len(all) > 1:
		return splice(doc, all[0].keyStart, all[1].keyStart, nil)
	}
	return splice(doc, all[0].keyStart, all[0].valEnd, nil)
}

// quote returns text as a JSON string.
func quote(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a buffer and a string do not fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// kinds name the values of JSON by their first character.
func kindOf(raw []byte) string {
	switch {
	case len(raw) == 0 || raw[0] == '"' || raw[0] == 'n': // null becomes a string
		return ""
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "a list"
	case raw[0] == 't' || raw[0] == 'f':
		return "a boolean"
	}
	return "a number"
}

// replacement returns how a value is written in place of old: as a string, or like old if
// that is a number, boolean, object or list, since its readers expect one.
func replacement(old, value []byte, force bool) ([]byte, error) {
	if !utf8.Valid(value) {
		return nil, &source.RefusalError{Reason: "JSON can contain only text, and the value is binary", Instead: "encode it, as in base64"}
	}
	kind := kindOf(old)
	if kind == "" || force {
		return quote(string(value)), nil
	}
	if text := bytes.TrimSpace(value); json.Valid(text) && kindOf(text) == kind {
		return text, nil
	}
	return nil, &source.RefusalError{Reason: "the key contains " + kind + ", and the new value is not one", Instead: "--force makes it a string"}
}
