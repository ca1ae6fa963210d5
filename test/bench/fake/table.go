package fake

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/credrender/credrender/pkg/source/credstash"
)

const (
	// wrappedKey is as long as what KMS makes of a data key of 64 bytes.
	wrappedKey = 224
	// pageSize is what a Scan reads at once, whatever it projects
	// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html).
	pageSize = 1 << 20
	version  = "0000000000000000001"
)

// Value is the secret of that name, size bytes of text without a newline.
func Value(name string, size int) string {
	text := name + "=" + strings.Repeat("0123456789abcdef", size/16+1)
	return text[:size]
}

// Name is the name of the i-th secret of a table, from 0.
func Name(i int) string { return fmt.Sprintf("n%d", i) }

// table has an item for every name. Answers are made when they are first asked
// for, and kept.
type table struct {
	size      int
	names     int
	dataKey   []byte
	plaintext []byte // the answer to every Decrypt: all items have one data key
	answers   sync.Map
	pages     map[string]page // by the name that a Scan goes on after; "" is the first
}

// page is the two answers to a Scan, with all attributes and with the keys.
type page struct{ whole, keys []byte }

func newTable(size, names int) (*table, error) {
	t := &table{size: size, names: names, dataKey: make([]byte, 64), pages: map[string]page{}}
	t.plaintext = response("200 OK", fmt.Appendf(nil, `{"KeyId":"arn:aws:kms:eu-west-1:123456789012:key/1","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","Plaintext":%q}`, base64.StdEncoding.EncodeToString(t.dataKey)))
	return t, t.fill(names)
}

// fill cuts the named items into pages.
func (t *table) fill(names int) error {
	var whole, keys []string
	after, size := "", 0
	for i := range names {
		item, err := t.seal(Name(i))
		if err != nil {
			return err
		}
		whole = append(whole, encode(item.Encode()))
		keys = append(keys, fmt.Sprintf(`{"name":{"S":%q},"version":{"S":%q}}`, item.Name, item.Version))
		if size += credstash.Size(item); size >= pageSize && i < names-1 {
			t.pages[after] = page{items(whole, item.Name), items(keys, item.Name)}
			after, size, whole, keys = item.Name, 0, nil, nil
		}
	}
	t.pages[after] = page{items(whole, ""), items(keys, "")}
	return nil
}

// seal makes an item that differs from all others in its wrapped key, so that
// each is decrypted by itself.
func (t *table) seal(name string) (credstash.Item, error) {
	wrapped := make([]byte, wrappedKey)
	copy(wrapped, name)
	return credstash.Seal(credstash.Item{Name: name, Version: version, Key: wrapped}, []byte(Value(name, t.size)), t.dataKey)
}

// encode writes an item as DynamoDB does. All of its attributes are text.
func encode(attributes map[string]credstash.Attribute) string {
	out := map[string]map[string]string{}
	for name, a := range attributes {
		out[name] = map[string]string{"S": a.S}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // maps of text always encode
	}
	return string(text)
}

// items is the answer to a Query or Scan.
func items(list []string, last string) []byte {
	out := fmt.Appendf(nil, `{"Items":[%s],"Count":%d,"ScannedCount":%[2]d`, strings.Join(list, ","), len(list))
	if last != "" {
		out = fmt.Appendf(out, `,"LastEvaluatedKey":{"name":{"S":%q},"version":{"S":%q}}`, last, version)
	}
	return response("200 OK", append(out, '}'))
}

// request is what a read may say, as far as it matters here.
type request struct {
	Key, ExclusiveStartKey    map[string]struct{ S string }
	ExpressionAttributeValues map[string]struct{ S string }
	KeyConditionExpression    string
	ProjectionExpression      string
	TotalSegments             int
}

// name is the only value that has no other meaning: names begin with a letter,
// versions with a digit.
func (r request) name() string {
	for _, v := range r.ExpressionAttributeValues {
		if v.S != "" && (v.S[0] < '0' || v.S[0] > '9') {
			return v.S
		}
	}
	return r.Key["name"].S
}

func (t *table) query(body []byte) []byte {
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return notImplemented(err.Error())
	}
	if strings.Contains(r.KeyConditionExpression, ">") { // a newer version: there is none
		return items(nil, "")
	}
	return t.kept("Query", r.name(), func(item string) []byte { return items([]string{item}, "") })
}

func (t *table) get(body []byte) []byte {
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return notImplemented(err.Error())
	}
	return t.kept("GetItem", r.name(), func(item string) []byte {
		return response("200 OK", fmt.Appendf(nil, `{"Item":%s}`, item))
	})
}

// kept makes an answer once.
func (t *table) kept(operation, name string, of func(item string) []byte) []byte {
	key := operation + " " + name
	if answer, ok := t.answers.Load(key); ok {
		return answer.([]byte)
	}
	item, err := t.seal(name)
	if err != nil {
		return notImplemented(err.Error())
	}
	answer := of(encode(item.Encode()))
	t.answers.Store(key, answer)
	return answer
}

func (t *table) scan(body []byte) []byte {
	var r request
	if err := json.Unmarshal(body, &r); err != nil || r.TotalSegments > 1 {
		return notImplemented(fmt.Sprintf("%v, %d segments", err, r.TotalSegments))
	}
	page, ok := t.pages[r.ExclusiveStartKey["name"].S]
	switch {
	case !ok:
		return notImplemented("a start that no page has ended with")
	case r.ProjectionExpression != "":
		return page.keys
	}
	return page.whole
}
