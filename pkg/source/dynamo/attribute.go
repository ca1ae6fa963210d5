package dynamo

import (
	"encoding/json"
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
