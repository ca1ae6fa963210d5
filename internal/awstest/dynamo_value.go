package awstest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
)

// value is an attribute value: its type (S, N, B, NULL, BOOL, M, L, SS, NS, BS)
// and what the request said, which is what an answer says again.
type value struct {
	kind string
	text string // S, N
	data []byte // B
	raw  json.RawMessage
}

// attributes are an item, or a part of one.
type attributes map[string]value

// MarshalJSON writes {"S": "text"} as it came.
func (v value) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]json.RawMessage{v.kind: v.raw})
}

// UnmarshalJSON refuses what is not one value of one type.
func (v *value) UnmarshalJSON(b []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	if len(m) != 1 {
		return invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	for kind, raw := range m {
		*v = value{kind: kind, raw: raw}
	}
	var err error
	switch v.kind {
	case "S", "N":
		err = json.Unmarshal(v.raw, &v.text)
	case "B":
		err = json.Unmarshal(v.raw, &v.data)
	case "NULL", "BOOL", "M", "L", "SS", "NS", "BS":
	default:
		return notImplemented("attribute type %q", v.kind)
	}
	if err != nil {
		return &apiError{Code: "SerializationException", Message: err.Error()}
	}
	if _, ok := new(big.Rat).SetString(v.text); v.kind == "N" && !ok {
		return invalid("The parameter cannot be converted to a numeric value: %s", v.text)
	}
	return nil
}

// size is what DynamoDB counts, a number's and a document's about
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
func (v value) size() int {
	switch v.kind {
	case "S":
		return len(v.text)
	case "N":
		return len(strings.Trim(v.text, "-0."))/2 + 1
	case "B":
		return len(v.data)
	case "M", "L", "SS", "NS", "BS":
		return len(v.raw)
	}
	return 1
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
		x, _ := new(big.Rat).SetString(v.text)
		y, _ := new(big.Rat).SetString(w.text)
		return x.Cmp(y)
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
	if r, ok := new(big.Rat).SetString(v.text); ok && v.kind == "N" {
		return r.RatString()
	}
	return v.text
}
