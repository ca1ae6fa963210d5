package document

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSON reads one JSON value. Besides what is no JSON it refuses what other
// readers take in different ways: a duplicate key, and text that is
// not Unicode (which encoding/json replaces by U+FFFD).
func JSON(text string) (any, error) {
	if strings.TrimSpace(text) == "" {
		return nil, empty("JSON")
	}
	if i := InvalidUTF8(text); i >= 0 {
		return nil, jsonError(text, i, "the text is not UTF-8", "")
	}
	if err := valid(text); err != nil {
		return nil, err
	}
	if i := LoneSurrogate(text); i >= 0 {
		return nil, jsonError(text, i, `half a surrogate pair (\ud800 to \udfff), which is not a character`, "")
	}
	r := &jsonReader{text: text, dec: json.NewDecoder(strings.NewReader(text))}
	r.dec.UseNumber()
	return r.value(0)
}

func jsonError(text string, offset int, msg, detail string) *Error {
	e := &Error{Format: "JSON", Msg: msg, Detail: detail}
	e.Line, e.Col = at(text, offset)
	return e
}

// valid checks the grammar of the whole text, which reading tokens does not. The
// place of a fault is told only of objects and lists: where a password stops being
// a number is nobody's business.
func valid(text string) error {
	var raw json.RawMessage
	err := json.Unmarshal([]byte(text), &raw)
	if err == nil {
		return nil
	}
	e := &Error{Format: "JSON", Msg: "the text is not JSON", Detail: err.Error()}
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if first := strings.TrimSpace(text)[0]; !ok || first != '{' && first != '[' {
		return e
	}
	e.Line, e.Col = at(text, int(syntax.Offset)-1)
	_, rest, _ := strings.Cut(e.Detail, "' ") // invalid character '}' looking for ...
	switch {
	case strings.Contains(e.Detail, "unexpected end"):
		e.Msg = "the text ends too early"
	case strings.HasPrefix(rest, "in literal"):
		e.Msg = "unexpected character in a word (true, false or null)"
	case rest != "":
		e.Msg = "unexpected character " + rest
	}
	return e
}

type jsonReader struct {
	text string
	dec  *json.Decoder
}

func (r *jsonReader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, jsonError(r.text, int(r.dec.InputOffset()), "the document is nested too deep", "")
	}
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.ended(err)
	}
	switch t := t.(type) {
	case json.Number:
		return number(t.String()), nil
	case json.Delim:
		if t == '[' {
			return r.list(depth)
		}
		return r.object(depth)
	}
	return t, nil
}

func (r *jsonReader) ended(err error) error {
	if errors.Is(err, io.EOF) {
		return &Error{Format: "JSON", Msg: "the text ends too early"}
	}
	return &Error{Format: "JSON", Msg: "the text is not JSON", Detail: err.Error()}
}

func (r *jsonReader) list(depth int) (any, error) {
	list := []any{}
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.dec.Token()
	return list, err
}

func (r *jsonReader) object(depth int) (any, error) {
	object := map[string]any{}
	for r.dec.More() {
		t, err := r.dec.Token()
		if err != nil {
			return nil, r.ended(err)
		}
		key, ok := t.(string)
		if _, twice := object[key]; twice || !ok {
			return nil, jsonError(r.text, int(r.dec.InputOffset()), "duplicate key", "duplicate key "+strconv.Quote(key))
		}
		if object[key], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.Token()
	return object, err
}

// InvalidUTF8 returns where a text stops being UTF-8, or -1.
func InvalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}

// LoneSurrogate returns where valid JSON escapes half of a surrogate pair, or -1.
func LoneSurrogate(text string) int {
	for i := 0; ; {
		next := strings.IndexByte(text[i:], '\\')
		if next < 0 {
			return -1
		}
		i += next
		unit, ok := escaped(text[i:])
		switch {
		case !ok:
			i += 2
		case unit < 0xd800 || unit > 0xdfff:
			i += 6
		default:
			low, ok := escaped(text[i+6:])
			if unit > 0xdbff || !ok || low < 0xdc00 || low > 0xdfff {
				return i
			}
			i += 12
		}
	}
}

// escaped reads \uXXXX.
func escaped(s string) (unit uint64, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(s[2:6], 16, 32)
	return unit, err == nil
}

// PointerKeys returns the keys of a JSON Pointer
// (https://www.rfc-editor.org/rfc/rfc6901.html). The empty pointer has none.
func PointerKeys(pointer string) []string {
	if pointer == "" {
		return nil
	}
	keys := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, k := range keys {
		keys[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(k)
	}
	return keys
}
