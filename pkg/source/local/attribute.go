package local

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// encode returns an item as it is stored: DynamoDB's JSON of its attributes.
func encode(item credstash.Item) ([]byte, error) {
	attrs := item.Encode()
	for name, a := range attrs {
		if !utf8.ValidString(a.S) { // the encoder would replace invalid bytes silently
			return nil, fmt.Errorf("%w: attribute %s is not UTF-8", source.ErrRef, source.Show(name))
		}
	}
	return json.Marshal(attrs)
}

// decode reads what encode wrote. An unreadable value is an item with a fault, as in a
// table: fetching it fails, and other items are not affected.
func decode(name, version string, value []byte) credstash.Item {
	var attrs map[string]credstash.Attribute
	if err := json.Unmarshal(value, &attrs); err != nil {
		return faulty(name, version)
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
