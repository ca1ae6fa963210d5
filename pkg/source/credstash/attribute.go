package credstash

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Attribute is one DynamoDB attribute: its type and its value. Back ends convert to
// and from their own types; [Decode] and [Item.Encode] know what belongs in it.
// Marshaled, it is DynamoDB's JSON
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html).
type Attribute struct {
	Type string
	S    string // S and N
	B    []byte // B
	// JSON is the value of a type that no item format uses: BOOL, L, M, SS, NS and
	// BS. It is what DynamoDB's JSON holds under the type.
	JSON json.RawMessage
}

// Equal reports whether two attributes have the same type and value.
func (a Attribute) Equal(b Attribute) bool {
	return a.Type == b.Type && a.S == b.S && bytes.Equal(a.B, b.B) && bytes.Equal(a.JSON, b.JSON)
}

// MarshalJSON implements json.Marshaler.
func (a Attribute) MarshalJSON() ([]byte, error) {
	value := map[string]any{}
	switch a.Type {
	case "S", "N":
		value[a.Type] = a.S
	case "B":
		value[a.Type] = append([]byte{}, a.B...) // nil would be null
	case "NULL":
		value[a.Type] = true
	default:
		value[a.Type] = a.JSON
	}
	return json.Marshal(value)
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Attribute) UnmarshalJSON(data []byte) (err error) {
	var value map[string]json.RawMessage
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	if len(value) != 1 {
		return fmt.Errorf("an attribute has one type, not %d", len(value))
	}
	for kind, raw := range value {
		*a = Attribute{Type: kind}
		switch kind {
		case "S", "N":
			err = json.Unmarshal(raw, &a.S)
		case "B":
			err = json.Unmarshal(raw, &a.B)
		case "NULL":
		default:
			a.JSON = raw
		}
	}
	return err
}
