package hook

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"iter"
	"regexp"
	"strings"
	"sync"
)

// form is an encoding that changes every character of a value. encode returns at least
// one byte for each byte of the value, and its first MaskMin bytes depend only on the
// value's first 3*MaskMin.
type form struct {
	encode func(v []byte) []byte
	slack  int // characters on each side that may hold bits of the value
}

// packedForms are the encodings that are searched for in a text without white space:
// base64 and xxd break lines, and hexdump separates bytes by blanks.
func packedForms() []form {
	var forms []form
	for _, between := range []string{"", ":"} {
		for _, change := range []func(string) string{strings.ToLower, strings.ToUpper} {
			forms = append(forms, form{encode: func(v []byte) []byte { return []byte(change(hexed(v, between))) }})
		}
	}
	for before := range 5 {
		for _, change := range []func(string) string{strings.ToUpper, strings.ToLower} {
			forms = append(forms, form{slack: 7, encode: func(v []byte) []byte { return []byte(change(base32Core(before, v))) }})
		}
	}
	for before := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, form{slack: 3, encode: func(v []byte) []byte { return base64Core(enc, before, v) }})
		}
	}
	return forms
}

func hexed(v []byte, between string) string {
	if between == "" {
		return hex.EncodeToString(v)
	}
	var b strings.Builder
	for i := range v {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(hex.EncodeToString(v[i : i+1]))
	}
	return b.String()
}

// base64Core encodes v as it stands after before bytes (modulo 3) of something
// else and leaves out the characters at both ends that depend on that.
func base64Core(enc *base64.Encoding, before int, v []byte) []byte {
	all := enc.AppendEncode(nil, append(make([]byte, before, before+len(v)), v...))
	return all[(before*8+5)/6 : (before+len(v))*8/6]
}

// base32Core is base64Core of base32, whose groups are of five bytes.
func base32Core(before int, v []byte) string {
	all := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(append(make([]byte, before, before+len(v)), v...))
	return all[(before*8+4)/5 : (before+len(v))*8/5]
}

func isBase64(c byte) bool { return isWord(c) || strings.IndexByte("+/-_=", c) >= 0 }

// replaced returns v as UTF-8 encoders print it, with U+FFFD for each invalid byte.
func replaced(v []byte) []byte { return []byte(string([]rune(string(v)))) }

// packed returns text without white space and without line breaks written as \n or
// \r, and where each of its bytes was.
func packed(text []byte) (out []byte, at []int) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) && (text[i+1] == 'n' || text[i+1] == 'r') {
			i++
			continue
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			out, at = append(out, c), append(at, i)
		}
	}
	return out, at
}

// assigned returns the value of a line of YAML, TOML, INI or .env, which templates print
// by itself.
func assigned(line []byte) []byte {
	at := bytes.IndexAny(line, ":=")
	if at < 0 {
		return nil
	}
	value := bytes.TrimSpace(line[at+1:])
	if n := len(value) - 1; n > 0 && (value[0] == '"' || value[0] == '\'') && value[n] == value[0] {
		value = value[1:n]
	}
	return value
}

// decoded returns the content of a value in base64, or nil.
func decoded(v []byte) []byte {
	out, err := base64.StdEncoding.DecodeString(string(v)) // it skips line breaks
	if err != nil {
		return nil
	}
	return out
}

// jsonScalars returns the strings and numbers in a JSON object or list, keys excepted.
func jsonScalars(v []byte) [][]byte {
	var doc any
	v = bytes.TrimSpace(v)
	dec := json.NewDecoder(bytes.NewReader(v))
	dec.UseNumber() // as templates print them
	if len(v) == 0 || v[0] != '{' && v[0] != '[' || dec.Decode(&doc) != nil {
		return nil
	}
	var all [][]byte
	var walk func(any)
	walk = func(x any) {
		switch x := x.(type) {
		case string:
			all = append(all, []byte(x))
		case json.Number:
			all = append(all, []byte(x))
		case []any:
			for _, e := range x {
				walk(e)
			}
		case map[string]any:
			for _, e := range x {
				walk(e)
			}
		}
	}
	walk(doc)
	return all
}

// dump is what a text has of the rows of hexdump, xxd and od, which print an offset,
// bytes in hex, and often the same bytes as text.
type dump struct {
	data []byte
	row  []span // by byte of data: the line that it is on
}

// dumpRow matches a line: its offset, its groups of digits, and what follows them.
var dumpRow = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t]*[0-9a-fA-F]{6,16}:?[ \t]+((?:[0-9a-fA-F]{2}){1,8}(?: {1,2}(?:[0-9a-fA-F]{2}){1,8})*)[ \t]*(?:$|[ \t].*$)`)
})

// readDumps reads the rows in text twice: hexdump and od swap the bytes of each group,
// unless they are told otherwise.
func readDumps(text []byte) []dump {
	var plain, swapped dump
	for _, m := range dumpRow().FindAllSubmatchIndex(text, -1) {
		for group := range bytes.FieldsSeq(text[m[2]:m[3]]) {
			data, _ := hex.DecodeString(string(group)) // an even number of digits
			for i, b := range data {
				plain.data, swapped.data = append(plain.data, b), append(swapped.data, data[len(data)-1-i])
				plain.row = append(plain.row, span{m[0], m[1]})
			}
		}
	}
	if plain.data == nil {
		return nil
	}
	swapped.row = plain.row
	return []dump{plain, swapped}
}

// find calls found with the rows of each place where v is.
func (d dump) find(v []byte, found func(span)) {
	if len(v) < MaskMin {
		return
	}
	for at := range occurrences(d.data, v) {
		found(span{d.row[at].start, d.row[at+len(v)-1].end})
	}
}

// occurrences yields where v is in text.
func occurrences(text, v []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; ; at += len(v) {
			i := bytes.Index(text[at:], v)
			if i < 0 || !yield(at+i) {
				return
			}
			at += i
		}
	}
}
