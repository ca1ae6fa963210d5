package dynamo

import (
	"encoding/json"
	"errors"
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

// found is the response to a read.
type found struct {
	Item             item   // GetItem
	Items            []item // Query, Scan
	LastEvaluatedKey json.RawMessage
	ConsumedCapacity struct{ CapacityUnits float64 }
}

// item holds attributes by name.
type item map[string]attribute

// attribute is an attribute as DynamoDB sends it: an object with one key, its type
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html).
// One struct of all types is read in one pass; a map of raw values takes a third
// more CPU for items of 100 KiB (docs/dev/measured.md).
type attribute struct {
	S, N                         *string
	B                            *[]byte
	BOOL, NULL, L, M, SS, NS, BS json.RawMessage
}

// errSyntax contains nothing of the response, because that may be part of a secret.
var errSyntax = errors.New("not a response of DynamoDB")

// text is the value of an attribute of type S, or "".
func (a attribute) text() string {
	if a.S == nil {
		return ""
	}
	return *a.S
}

// attribute keeps the JSON of types that no item format uses, so that rewrites keep the
// attribute.
func (a attribute) attribute() (credstash.Attribute, error) {
	switch {
	case a.S != nil:
		return credstash.Attribute{Type: "S", S: *a.S}, nil
	case a.N != nil:
		return credstash.Attribute{Type: "N", S: *a.N}, nil
	case a.B != nil:
		return credstash.Attribute{Type: "B", B: *a.B}, nil
	}
	for name, raw := range map[string]json.RawMessage{"BOOL": a.BOOL, "NULL": a.NULL, "L": a.L, "M": a.M, "SS": a.SS, "NS": a.NS, "BS": a.BS} {
		if raw != nil && name == "NULL" {
			return credstash.Attribute{Type: name}, nil
		}
		if raw != nil {
			return credstash.Attribute{Type: name, JSON: raw}, nil
		}
	}
	return credstash.Attribute{}, errSyntax
}

func (i item) decode() (credstash.Item, error) {
	attrs := make(map[string]credstash.Attribute, len(i))
	for name, a := range i {
		var err error
		if attrs[name], err = a.attribute(); err != nil {
			return credstash.Item{}, err
		}
	}
	return credstash.Decode(attrs)
}

// keys decodes an item of which only these attributes were requested. [credstash.Decode]
// would report the others as missing.
func (i item) keys() credstash.Item {
	return credstash.Item{Name: i[nameAttr].text(), Version: i[versionAttr].text(), Comment: i[commentAttr].text()}
}

// label decodes the keys and the other attributes that distinguish items.
func (i item) label() credstash.Item {
	it := i.keys()
	whole, _ := i.decode() // its fault is the attributes that were not requested
	it.Algorithm, it.Key = whole.Algorithm, whole.Key
	return it
}
