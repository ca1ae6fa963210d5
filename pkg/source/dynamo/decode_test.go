package dynamo

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/credstash"
)

const answer = `{"Count":1,"Items":[{"name":{"S":"n0"},"version":{"S":"0000000000000000001"},"digest":{"S":"SHA256"},
"contents":{"S":"c2VjcmV0IHRoaW5ncyBhcmUga2VwdCBoZXJlLCBhIGh1bmRyZWQgYnl0ZXMgb2YgdGhlbSwgYXMgbWFueSBhcyBwYXNzd29yZHMgaGF2ZS4="},
"hmac":{"B":"NGE1YjZjN2Q4ZTlmMGExYjJjM2Q0ZTVmNmE3YjhjOWQwZTFmMmEzYjRjNWQ2ZTdmOGE5YjBjMWQyZTNmNGE1Yg=="},
"key":{"S":"AQIDAHhzb21lIHdyYXBwZWQgZGF0YSBrZXksIHR3byBodW5kcmVkIGFuZCBzb21lIGJ5dGVzIGxvbmcsIGFzIEtNUyByZXR1cm5zIHRoZW0="}}],
"ScannedCount":1,"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}}`

// Each type is read, and of those that no item format uses the JSON is kept.
func TestAttributes(t *testing.T) {
	for in, want := range map[string]credstash.Attribute{
		`{"S":""}`:                         {Type: "S"},
		"{ \"S\" : \"a\\u0062\\\"\\\\\" }": {Type: "S", S: `ab"\`},
		`{"N":"1.5e3"}`:                    {Type: "N", S: "1.5e3"},
		`{"B":"AAE="}`:                     {Type: "B", B: []byte{0, 1}},
		`{"B":""}`:                         {Type: "B", B: []byte{}},
		`{"NULL":true}`:                    {Type: "NULL"},
		`{"BOOL":false}`:                   {Type: "BOOL", JSON: json.RawMessage(`false`)},
		`{"M":{"k":{"S":"}\"{"}}}`:         {Type: "M", JSON: json.RawMessage(`{"k":{"S":"}\"{"}}`)},
		`{"L":[{"N":"1"},[]]}`:             {Type: "L", JSON: json.RawMessage(`[{"N":"1"},[]]`)},
		`{"SS":["a","b"]}`:                 {Type: "SS", JSON: json.RawMessage(`["a","b"]`)},
		`{"NS":["1"]}`:                     {Type: "NS", JSON: json.RawMessage(`["1"]`)},
		`{"BS":["QQ=="]}`:                  {Type: "BS", JSON: json.RawMessage(`["QQ=="]`)},
	} {
		var f found
		if err := json.Unmarshal([]byte(`{"Item":{"a":`+in+`}}`), &f); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		got, err := f.Item["a"].attribute()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", in, err, diff)
		}
	}
}

// Attributes without a type, and with a value of another, are errors.
func TestBadAttributes(t *testing.T) {
	for _, in := range []string{`{}`, `null`, `[]`, `7`, `"x"`, `{"S":7}`, `{"B":"!"}`, `{"S":null}`, `{"X":"y"}`} {
		var f found
		err := json.Unmarshal([]byte(`{"Item":{"name":{"S":"n"},"version":{"S":"1"},"a":`+in+`}}`), &f)
		if err == nil {
			_, err = f.Item.decode()
		}
		if err == nil {
			t.Errorf("taken for an attribute: %s", in)
		}
	}
}

// An answer that is cut short, or goes on, is none.
func TestNoAnswer(t *testing.T) {
	var f found
	if err := json.Unmarshal([]byte(answer), &f); err != nil || len(f.Items) != 1 || f.ConsumedCapacity.CapacityUnits != 0.5 {
		t.Fatalf("got %+v, %v", f, err)
	}
	for n := range answer {
		if err := json.Unmarshal([]byte(answer[:n]), &f); err == nil {
			t.Errorf("taken for an answer: %s", answer[:n])
		}
	}
	for _, bad := range []string{answer + "}", answer + answer, "[" + answer + "]", "<html></html>", `{"Items":{}}`, `{"Items":[7]}`, `{"Item" "x"}`, `{"Count" 1}`, `{1:2}`} {
		if err := json.Unmarshal([]byte(bad), &f); err == nil {
			t.Errorf("taken for an answer: %s", bad)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var f found
		if err := json.Unmarshal([]byte(answer), &f); err != nil {
			b.Fatal(err)
		}
		if _, err := f.Items[0].decode(); err != nil {
			b.Fatal(err)
		}
	}
}
