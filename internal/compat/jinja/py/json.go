package py

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
)

// ParseJSON is json.loads. Objects keep their order. Errors contain a byte offset and no
// text of the input.
func ParseJSON(text []byte) (Value, error) {
	if !utf8.Valid(text) { // the decoder would replace invalid UTF-8
		return nil, Errorf("UnicodeDecodeError", "not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := Caught(func() Value { return decode(d) })
	isWhole := func() bool { _, err := d.Token(); return err == io.EOF }
	if err != nil || !isWhole() {
		return nil, Errorf("JSONDecodeError", "not JSON, at byte %d", d.InputOffset())
	}
	if i := document.LoneSurrogate(string(text)); i >= 0 {
		return nil, Errorf("UnicodeEncodeError", "half a surrogate pair, at byte %d", i)
	}
	return v, nil
}

func decode(d *json.Decoder) Value {
	switch t := Must(d.Token()).(type) {
	case json.Number:
		return parseNumber(t.String())
	case json.Delim:
		if t == '[' {
			return decodeList(d)
		}
		return decodeDict(d)
	default:
		return t // nil, bool, string
	}
}

func parseNumber(s string) Value {
	if !strings.ContainsAny(s, ".eE") {
		return Must(strconv.ParseInt(s, 10, 64))
	}
	return Must(strconv.ParseFloat(s, 64))
}

func decodeList(d *json.Decoder) Value {
	l := NewList()
	for d.More() {
		l.Items = append(l.Items, decode(d))
	}
	Must(d.Token())
	return l
}

func decodeDict(d *json.Decoder) Value {
	dict := NewDict()
	for d.More() {
		key := Must(d.Token()).(string)
		dict.Put(key, decode(d))
	}
	Must(d.Token())
	return dict
}

// JSON has the options of json.dumps.
type JSON struct {
	Indent     int // 0: on one line
	SortKeys   bool
	Separators [2]string // empty: ", " and ": "; with Indent "," and ": "
}

// Dump is json.dumps(v), which escapes all non-ASCII characters.
func (j JSON) Dump(v Value) string {
	if j.Separators[1] == "" {
		j.Separators = [2]string{", ", ": "}
		if j.Indent > 0 {
			j.Separators[0] = ","
		}
	}
	var b strings.Builder
	j.write(&b, v, 0)
	return b.String()
}

func (j JSON) write(b *strings.Builder, v Value, depth int) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64, float64:
		b.WriteString(Repr(v))
	case string:
		writeString(b, v)
	case Markup:
		writeString(b, string(v))
	case *List:
		j.sequence(b, v.Items, depth)
	case Tuple:
		j.sequence(b, v, depth)
	case *Dict:
		j.dict(b, v, depth)
	default:
		if u, ok := v.(Undefined); ok {
			Check(u.Loud)
		}
		panic(failed("TypeError", "Object of type %s is not JSON serializable", TypeName(v)))
	}
}

func (j JSON) sequence(b *strings.Builder, items []Value, depth int) {
	if len(items) == 0 {
		b.WriteString("[]")
		return
	}
	b.WriteByte('[')
	for i, item := range items {
		j.separate(b, i, depth+1)
		j.write(b, item, depth+1)
	}
	j.newline(b, depth)
	b.WriteByte(']')
}

func (j JSON) dict(b *strings.Builder, d *Dict, depth int) {
	if d.Len() == 0 {
		b.WriteString("{}")
		return
	}
	keys := d.Keys()
	if j.SortKeys {
		Sort(keys)
	}
	b.WriteByte('{')
	for i, k := range keys {
		j.separate(b, i, depth+1)
		writeString(b, jsonKey(k))
		b.WriteString(j.Separators[1])
		v, _ := d.Get(k)
		j.write(b, v, depth+1)
	}
	j.newline(b, depth)
	b.WriteByte('}')
}

func jsonKey(k Value) string {
	if s, ok := Text(k); ok {
		return s
	}
	switch k.(type) {
	case nil, bool, int64, float64:
		return JSON{}.Dump(k)
	}
	panic(failed("TypeError", "keys must be str, int, float, bool or None, not %s", TypeName(k)))
}

func (j JSON) separate(b *strings.Builder, i, depth int) {
	if i > 0 {
		b.WriteString(j.Separators[0])
	}
	j.newline(b, depth)
}

func (j JSON) newline(b *strings.Builder, depth int) {
	if j.Indent > 0 {
		b.WriteString("\n" + strings.Repeat(" ", j.Indent*depth))
	}
}

func writeString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case escape(b, r, '"'):
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r >= 0x10000:
			r -= 0x10000
			fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
}
