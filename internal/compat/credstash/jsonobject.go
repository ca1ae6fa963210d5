package credstash

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
)

// member is a member of putall's JSON object.
type member struct {
	name, value string
	err         error // why it cannot be stored
}

var (
	errNotString = errors.New("the value is not a string")
	errSurrogate = errors.New("half of a surrogate pair, which is no text")
)

// readObject parses a JSON object and keeps the order of its members. As in a Python
// dict, the last of equal names wins, in the position of the first. Errors contain a
// byte offset and no text of the input.
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
	case document.LoneSurrogate(string(whole[start:end])) >= 0, document.LoneSurrogate(string(raw)) >= 0:
		m.err = errSurrogate
	default:
		m.err = json.Unmarshal(raw, &m.value)
	}
	return m, nil
}
