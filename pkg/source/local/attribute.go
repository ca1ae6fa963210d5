package local

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// attribute is DynamoDB's JSON form of one attribute
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html).
type attribute struct {
	S    *string `json:",omitempty"`
	N    *string `json:",omitempty"`
	B    *[]byte `json:",omitempty"`
	NULL *bool   `json:",omitempty"`
}

func encode(item credstash.Item) ([]byte, error) {
	stored := map[string]attribute{}
	for name, a := range item.Encode() {
		if a.Type == "B" {
			stored[name] = attribute{B: &a.B}
			continue
		}
		if !utf8.ValidString(a.S) { // JSON would replace it in silence
			return nil, fmt.Errorf("%w: attribute %s is not UTF-8", source.ErrRef, name)
		}
		stored[name] = attribute{S: &a.S}
	}
	return json.Marshal(stored)
}

// decode reads what encode wrote. What cannot be read is an item with a fault,
// as in a table: it fails when it is asked for and hides no other.
func decode(name, version string, value []byte) credstash.Item {
	var stored map[string]attribute
	if err := json.Unmarshal(value, &stored); err != nil {
		return faulty(name, version)
	}
	attrs := make(map[string]credstash.Attribute, len(stored))
	for n, a := range stored {
		switch {
		case a.S != nil:
			attrs[n] = credstash.Attribute{Type: "S", S: *a.S}
		case a.B != nil:
			attrs[n] = credstash.Attribute{Type: "B", B: *a.B}
		case a.N != nil:
			attrs[n] = credstash.Attribute{Type: "N", S: *a.N}
		default:
			attrs[n] = credstash.Attribute{Type: "NULL"}
		}
	}
	item, err := credstash.Decode(attrs)
	if err != nil || item.Name != name || item.Version != version {
		return faulty(name, version)
	}
	return item
}

func faulty(name, version string) credstash.Item {
	return credstash.Item{Name: name, Version: version,
		Fault: fmt.Errorf("%w: the stored item is garbled", source.ErrIntegrity)}
}
