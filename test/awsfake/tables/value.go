package tables

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// value is an attribute value: its type and what it holds. An answer says
// again what the request said, numbers aside, which DynamoDB normalises.
type value struct {
	kind string           // S, N, B, NULL, BOOL, M, L, SS, NS, BS
	text string           // S; N: in normal form
	num  number           // N
	data []byte           // B
	list []value          // L; members of sets
	doc  map[string]value // M
	raw  json.RawMessage
}

// attributes are an item, or a part of one.
type attributes map[string]value

// MarshalJSON writes {"S": "text"}.
func (v value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case "M":
		return json.Marshal(map[string]any{v.kind: v.doc})
	case "L":
		return json.Marshal(map[string]any{v.kind: v.list})
	case "NS":
		var texts []string
		for _, m := range v.list {
			texts = append(texts, m.text)
		}
		return json.Marshal(map[string]any{v.kind: texts})
	}
	return slices.Concat([]byte(`{"`+v.kind+`":`), v.raw, []byte("}")), nil
}

// UnmarshalJSON refuses what is not one value of one type.
func (v *value) UnmarshalJSON(b []byte) error {
	// Large strings come as the SDK writes them, and are not read twice.
	if text, ok := bytes.CutPrefix(b, []byte(`{"S":`)); ok {
		*v = value{kind: "S", raw: bytes.Clone(text[:len(text)-1])}
		if json.Unmarshal(v.raw, &v.text) == nil {
			return nil
		}
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	if len(m) != 1 {
		return wire.Invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	for kind, raw := range m {
		*v = value{kind: kind, raw: raw}
	}
	err := v.decode()
	if _, ok := err.(*wire.Error); err != nil && !ok {
		return &wire.Error{Code: "SerializationException", Message: err.Error()}
	}
	return err
}

func (v *value) decode() error {
	switch v.kind {
	case "S":
		return json.Unmarshal(v.raw, &v.text)
	case "N":
		return v.decodeNumber()
	case "B":
		return json.Unmarshal(v.raw, &v.data)
	case "M":
		return json.Unmarshal(v.raw, &v.doc)
	case "L":
		return json.Unmarshal(v.raw, &v.list)
	case "SS", "NS", "BS":
		return v.decodeSet()
	case "NULL", "BOOL":
		return nil
	}
	return wire.NotImplemented("attribute type %q", v.kind)
}

func (v *value) decodeNumber() error {
	var text string
	if err := json.Unmarshal(v.raw, &text); err != nil {
		return err
	}
	n, err := parseNumber(text)
	if err != nil {
		return err
	}
	v.num, v.text = n, n.String()
	v.raw, err = json.Marshal(v.text)
	return err
}

func (v *value) decodeSet() error {
	var members []json.RawMessage
	if err := json.Unmarshal(v.raw, &members); err != nil {
		return err
	}
	if len(members) == 0 {
		return wire.Invalid("One or more parameter values were invalid: An %s set may not be empty", strings.ToLower(v.kind))
	}
	for _, raw := range members {
		m := value{kind: v.kind[:1], raw: raw}
		if err := m.decode(); err != nil {
			return err
		}
		if slices.ContainsFunc(v.list, m.equal) {
			return wire.Invalid("One or more parameter values were invalid: Input collection %s contains duplicates.", v.raw)
		}
		v.list = append(v.list, m)
	}
	return nil
}

// size is what DynamoDB counts
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
func (v value) size() int {
	switch v.kind {
	case "S":
		return len(v.text)
	case "N":
		return v.num.size()
	case "B":
		return len(v.data)
	case "NULL", "BOOL":
		return 1
	}
	n, overhead := 0, 0
	if v.kind == "L" || v.kind == "M" {
		n, overhead = 3, 1
	}
	for _, e := range v.list {
		n += e.size() + overhead
	}
	for name, e := range v.doc {
		n += len(name) + e.size() + overhead
	}
	return n
}

func (a attributes) size() int {
	n := 0
	for name, v := range a {
		n += len(name) + v.size()
	}
	return n
}

// compare orders values of one kind: strings and binaries by their bytes.
func (v value) compare(w value) int {
	switch v.kind {
	case "N":
		return v.num.compare(w.num)
	case "B":
		return bytes.Compare(v.data, w.data)
	}
	return strings.Compare(v.text, w.text)
}

// equal compares as conditions do.
func (v value) equal(w value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case "S", "N", "B":
		return v.compare(w) == 0
	}
	return bytes.Equal(v.raw, w.raw)
}

// id tells keys apart in a map.
func (v value) id() string {
	if v.kind == "B" {
		return base64.StdEncoding.EncodeToString(v.data)
	}
	return v.text
}
