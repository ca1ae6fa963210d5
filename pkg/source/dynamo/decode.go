package dynamo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// found is what reads answer.
type found struct {
	Item             item   // GetItem
	Items            []item // Query, Scan
	LastEvaluatedKey json.RawMessage
	CapacityUnits    float64
}

// item has attributes by name, each of which DynamoDB sends as an object with
// one key, its type
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html).
type item map[string]credstash.Attribute

func (i item) decode() (credstash.Item, error) { return credstash.Decode(i) }

// keys reads an item of which only these attributes were asked for, and of
// which [credstash.Decode] would miss the others.
func (i item) keys() credstash.Item {
	return credstash.Item{Name: i[nameAttr].S, Version: i[versionAttr].S, Comment: i[commentAttr].S}
}

// label is keys with what tells one item from another.
func (i item) label() credstash.Item {
	it := i.keys()
	whole, _ := credstash.Decode(i) // its fault is what was not asked for
	it.Algorithm, it.Key = whole.Algorithm, whole.Key
	return it
}

// UnmarshalJSON implements json.Unmarshaler for a whole answer. Package
// Package wire calls it without a look at the syntax, which is looked at here.
// encoding/json takes several times as long: it reads everything twice and
// fills a struct of all types for each attribute.
func (f *found) UnmarshalJSON(data []byte) error {
	in := &input{data}
	if err := in.object(func(name []byte) error { return f.field(string(name), in) }); err != nil {
		return err
	}
	return in.end()
}

func (f *found) field(name string, in *input) (err error) {
	switch name {
	case "Item":
		f.Item, err = in.item()
	case "Items":
		err = in.array(func() error {
			one, err := in.item()
			f.Items = append(f.Items, one)
			return err
		})
	case "LastEvaluatedKey":
		f.LastEvaluatedKey, err = in.value()
		f.LastEvaluatedKey = slices.Clone(f.LastEvaluatedKey)
	case "ConsumedCapacity":
		err = in.object(func(name []byte) error {
			value, err := in.value()
			if err == nil && string(name) == "CapacityUnits" {
				err = json.Unmarshal(value, &f.CapacityUnits)
			}
			return err
		})
	default:
		_, err = in.value()
	}
	return err
}

func (t *input) item() (item, error) {
	attrs := make(item, 8) // no format has more
	err := t.object(func(name []byte) error {
		a, err := t.attribute()
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		attrs[word(name)] = a
		return nil
	})
	return attrs, err
}

func (t *input) attribute() (a credstash.Attribute, err error) {
	err = t.object(func(kind []byte) error {
		a.Type = word(kind)
		value, err := t.value()
		switch {
		case err != nil:
		case a.Type == "S", a.Type == "N":
			a.S, err = unquote(value)
		case a.Type == "B":
			a.B, err = binary(value)
		case a.Type != "NULL":
			a.JSON = bytes.Clone(value)
		}
		return err
	})
	if err == nil && a.Type == "" {
		err = errSyntax
	}
	return a, err
}

// word makes a string of a name; of the usual ones there is one already.
func word(name []byte) string {
	switch string(name) {
	case "S":
		return "S"
	case "B":
		return "B"
	case nameAttr:
		return nameAttr
	case versionAttr:
		return versionAttr
	case commentAttr:
		return commentAttr
	case "key":
		return "key"
	case "contents":
		return "contents"
	case "hmac":
		return "hmac"
	case "digest":
		return "digest"
	case "algorithm":
		return "algorithm"
	}
	return string(name)
}
