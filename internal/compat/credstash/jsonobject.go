package credstash

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// member is one member of the object that putall reads.
type member struct {
	name, value string
	err         error // why it cannot be stored
}

var (
	errNotString = errors.New("the value is not a string")
	errSurrogate = errors.New("half of a surrogate pair, which is no text")
)

// readObject reads a JSON object in its order. Of equal names the last value
// counts, at the place of the first, as in a dict of Python. Errors say where the
// text is broken, and nothing of what stands there.
func readObject(text []byte) ([]member, error) {
	if !utf8.Valid(text) {
		return nil, errNotText
	}
	var whole json.RawMessage
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, &whole)); ok {
		return nil, fmt.Errorf("not JSON at byte %d", syntax.Offset)
	}
	if whole[0] != '{' {
		return nil, errors.New("not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(whole))
	_, _ = d.Token() // the brace; what follows was read once already
	var members []member
	for d.More() {
		m, err := readMember(d, whole)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(members, func(o member) bool { return o.name == m.name }); i >= 0 {
			members[i] = m
		} else {
			members = append(members, m)
		}
	}
	return members, nil
}

func readMember(d *json.Decoder, whole []byte) (member, error) {
	start := d.InputOffset()
	t, err := d.Token()
	if err != nil {
		return member{}, err
	}
	m := member{}
	m.name, _ = t.(string)
	end := d.InputOffset()
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return member{}, err
	}
	switch {
	case raw[0] != '"':
		m.err = errNotString
	case loneSurrogate(whole[start:end]), loneSurrogate(raw):
		m.err = errSurrogate
	default:
		m.err = json.Unmarshal(raw, &m.value)
	}
	return m, nil
}

// loneSurrogate reports an escape that is half a character: package json would
// put U+FFFD in its place, another value than was given.
func loneSurrogate(raw []byte) bool {
	high := false
	for i := 0; i < len(raw); i++ {
		n := rune(-1)
		if raw[i] == '\\' && i+5 < len(raw) && raw[i+1] == 'u' {
			v, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
			if err == nil {
				n = rune(v)
			}
			i += 5
		} else if raw[i] == '\\' {
			i++
		}
		isHigh, isLow := 0xd800 <= n && n < 0xdc00, 0xdc00 <= n && n < 0xe000
		if high != isLow {
			return true
		}
		high = isHigh
	}
	return high
}
