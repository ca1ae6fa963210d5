package dynamo

import (
	"encoding/json"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

func primaryKey(name, version string) attributes {
	return attributes{nameAttr: {Type: "S", S: name}, versionAttr: {Type: "S", S: version}}
}

// checkAttributes refuses what DynamoDB has no type for, such as an attribute that a
// damaged store has returned.
func checkAttributes(attrs attributes) error {
	for name, a := range attrs {
		if err := checkAttribute(a); err != nil {
			return fmt.Errorf("attribute %s: %w", source.Show(name), err)
		}
	}
	return nil
}

func checkAttribute(a credstash.Attribute) error {
	switch a.Type {
	case "S", "B", "N", "NULL":
		return nil
	case "BOOL":
		return json.Unmarshal(a.JSON, new(bool))
	case "SS", "NS":
		return json.Unmarshal(a.JSON, new([]string))
	case "BS":
		return json.Unmarshal(a.JSON, new([][]byte))
	case "L":
		var list []credstash.Attribute
		if err := json.Unmarshal(a.JSON, &list); err != nil {
			return err
		}
		for _, each := range list {
			if err := checkAttribute(each); err != nil {
				return err
			}
		}
		return nil
	case "M":
		var m attributes
		if err := json.Unmarshal(a.JSON, &m); err != nil {
			return err
		}
		return checkAttributes(m)
	}
	return fmt.Errorf("%w: type %s", source.ErrUnsupported, source.Show(a.Type))
}
