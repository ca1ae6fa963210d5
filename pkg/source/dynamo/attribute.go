package dynamo

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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

// toAttribute keeps the type of values that no item format uses, so that an
// attribute of a wrong type is not mistaken for a missing one.
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

func fromAttributes(attrs map[string]credstash.Attribute) map[string]types.AttributeValue {
	m := make(map[string]types.AttributeValue, len(attrs))
	for name, a := range attrs {
		m[name] = fromAttribute(a)
	}
	return m
}

func fromAttribute(a credstash.Attribute) types.AttributeValue {
	switch a.Type {
	case "B":
		return &types.AttributeValueMemberB{Value: a.B}
	case "N":
		return &types.AttributeValueMemberN{Value: a.S}
	case "NULL":
		return &types.AttributeValueMemberNULL{Value: true}
	}
	return &types.AttributeValueMemberS{Value: a.S}
}
