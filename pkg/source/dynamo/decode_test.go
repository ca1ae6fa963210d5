package dynamo

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/credrender/credrender/pkg/source/credstash"
)

const answer = `{"Count":1,"Items":[{"name":{"S":"n0"},"version":{"S":"0000000000000000001"},"digest":{"S":"SHA256"},
"contents":{"S":"c2VjcmV0IHRoaW5ncyBhcmUga2VwdCBoZXJlLCBhIGh1bmRyZWQgYnl0ZXMgb2YgdGhlbSwgYXMgbWFueSBhcyBwYXNzd29yZHMgaGF2ZS4="},
"hmac":{"B":"NGE1YjZjN2Q4ZTlmMGExYjJjM2Q0ZTVmNmE3YjhjOWQwZTFmMmEzYjRjNWQ2ZTdmOGE5YjBjMWQyZTNmNGE1Yg=="},
"key":{"S":"AQIDAHhzb21lIHdyYXBwZWQgZGF0YSBrZXksIHR3byBodW5kcmVkIGFuZCBzb21lIGJ5dGVzIGxvbmcsIGFzIEtNUyByZXR1cm5zIHRoZW0="}}],
"ScannedCount":1,"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}}`

// slowly decodes an item as encoding/json would.
func slowly(data []byte) (item, error) {
	var all map[string]map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, errSyntax
	}
	items := item{}
	for name, v := range all {
		var a credstash.Attribute
		for kind, raw := range v {
			a.Type = kind
			var err error
			switch kind {
			case "S", "N":
				err = json.Unmarshal(raw, &a.S)
			case "B":
				err = json.Unmarshal(raw, &a.B)
			case "NULL":
			default:
				a.JSON = raw
			}
			if err != nil {
				return nil, err
			}
		}
		if a.Type == "" {
			return nil, errSyntax
		}
		items[name] = a
	}
	return items, nil
}

// Whatever encoding/json makes of an item, so do we; of an attribute with two
// types, which there is none of, either may make what it likes. What is not JSON
// may be taken for an item, but does no harm.
func FuzzItem(f *testing.F) {
	for _, seed := range []string{
		`{"name":{"S":"n"},"b":{"B":"AAE="},"n":{"N":"1.5e3"},"x":{"NULL":true},"t":{"BOOL":false}}`,
		"{ \"name\" :\t{ \"S\" : \"a\\u0062\\\"\\\\\" } ,\n \"m\" : { \"M\" : { \"k\" : { \"S\" : \"}\\\"{\" } } } , \"l\":{\"L\":[{\"N\":\"1\"},[]]}}",
		`{}`, `null`, `[]`, `"x"`, `7`, `{"a":1}`, `{"a":{}}`, `{"a":null}`, `{"a":[]}`, `{"a":{"S":7}}`, `{"a":{"B":"!"}}`,
		`{"a":{"B":"QQ\u003d="}}`, "{\"a\":{\"S\":\"\xff\"}}", "{\"\xff\":{\"SS\":[\"a\",\"b\"]}}", `{"a":{"S":"x"},"a":{"N":"2"}}`,
		"{\"a\":{\"B\":\"QU\\nJD\"}}", `{"a":{"S":"`, `{"a"`, `{"a":{"S":"\`, `<html>`, `{,}`, `{"a":{"S":"x"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, wantErr := slowly(data)
		var got found
		err := got.UnmarshalJSON(slices.Concat([]byte(`{"Item":`), data, []byte("}")))
		if !json.Valid(data) || twoTypes(data) {
			return
		}
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%s: got %v, want %v", data, err, wantErr)
		}
		if diff := cmp.Diff(want, got.Item, cmpopts.EquateEmpty()); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", data, diff)
		}
	})
}

// An answer that is cut short, or goes on, is none.
func TestNoAnswer(t *testing.T) {
	var f found
	if err := f.UnmarshalJSON([]byte(answer)); err != nil || len(f.Items) != 1 || f.CapacityUnits != 0.5 {
		t.Fatalf("got %+v, %v", f, err)
	}
	for n := range answer {
		if err := f.UnmarshalJSON([]byte(answer[:n])); err == nil {
			t.Errorf("taken for an answer: %s", answer[:n])
		}
	}
	for _, bad := range []string{answer + "}", answer + answer, "[" + answer + "]", "<html></html>", `{"Items":{}}`, `{"Items":[7]}`, `{"Item" "x"}`, `{"Count" 1}`, `{1:2}`} {
		if err := f.UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("taken for an answer: %s", bad)
		}
	}
}

func twoTypes(data []byte) bool {
	var all map[string]map[string]json.RawMessage
	_ = json.Unmarshal(data, &all)
	for _, v := range all {
		if len(v) > 1 {
			return true
		}
	}
	return false
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var f found
		if err := f.UnmarshalJSON([]byte(answer)); err != nil {
			b.Fatal(err)
		}
		if _, err := f.Items[0].decode(); err != nil {
			b.Fatal(err)
		}
	}
}
