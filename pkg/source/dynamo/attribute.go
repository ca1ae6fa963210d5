package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

func primaryKey(name, version string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		nameAttr:    &types.AttributeValueMemberS{Value: name},
		versionAttr: &types.AttributeValueMemberS{Value: version},
	}
}

func toAttributes(attrs map[string]types.AttributeValue) map[string]credstash.Attribute {
	m := make(map[string]credstash.Attribute, len(attrs))
	for name, v := range attrs {
		m[name] = toAttribute(v)
	}
	return m
}

// toAttribute converts an attribute for a comparison; the result is never written. Of a
// type that no item format uses it keeps the type alone, so that an attribute of a wrong
// type is not mistaken for a missing one.
func toAttribute(v types.AttributeValue) credstash.Attribute {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return credstash.Attribute{Type: "S", S: v.Value}
	case *types.AttributeValueMemberB:
		return credstash.Attribute{Type: "B", B: v.Value}
	case *types.AttributeValueMemberN:
		return credstash.Attribute{Type: "N", S: v.Value}
	case *types.AttributeValueMemberNULL:
		return credstash.Attribute{Type: "NULL"}
	}
	return credstash.Attribute{Type: strings.TrimPrefix(fmt.Sprintf("%T", v), "*types.AttributeValueMember")}
}

func fromAttributes(attrs map[string]credstash.Attribute) (m map[string]types.AttributeValue, err error) {
	m = make(map[string]types.AttributeValue, len(attrs))
	for name, a := range attrs {
		if m[name], err = fromAttribute(a); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", source.Show(name), err)
		}
	}
	return m, nil
}

func fromAttribute(a credstash.Attribute) (types.AttributeValue, error) {
	switch a.Type {
	case "S":
		return &types.AttributeValueMemberS{Value: a.S}, nil
	case "B":
		return &types.AttributeValueMemberB{Value: a.B}, nil
	case "N":
		return &types.AttributeValueMemberN{Value: a.S}, nil
	case "NULL":
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case "BOOL":
		v := &types.AttributeValueMemberBOOL{}
		return v, json.Unmarshal(a.JSON, &v.Value)
	case "SS":
		v := &types.AttributeValueMemberSS{}
		return v, json.Unmarshal(a.JSON, &v.Value)
	case "NS":
		v := &types.AttributeValueMemberNS{}
		return v, json.Unmarshal(a.JSON, &v.Value)
	case "BS":
		v := &types.AttributeValueMemberBS{}
		return v, json.Unmarshal(a.JSON, &v.Value)
	case "L":
		return fromList(a.JSON)
	case "M":
		return fromMap(a.JSON)
	}
	return nil, fmt.Errorf("%w: type %s", source.ErrUnsupported, source.Show(a.Type))
}

func fromList(data []byte) (types.AttributeValue, error) {
	var attrs []credstash.Attribute
	if err := json.Unmarshal(data, &attrs); err != nil {
		return nil, err
	}
	list := make([]types.AttributeValue, len(attrs))
	for i, a := range attrs {
		var err error
		if list[i], err = fromAttribute(a); err != nil {
			return nil, err
		}
	}
	return &types.AttributeValueMemberL{Value: list}, nil
}

func fromMap(data []byte) (types.AttributeValue, error) {
	var attrs map[string]credstash.Attribute
	if err := json.Unmarshal(data, &attrs); err != nil {
		return nil, err
	}
	m, err := fromAttributes(attrs)
	return &types.AttributeValueMemberM{Value: m}, err
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
