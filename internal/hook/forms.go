package hook

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/bits"
	"net/url"
	"strconv"
	"strings"
)

// maxGrowth is by how much a form can be longer than its value: a control
// character is \u0001 in JSON.
const maxGrowth = 6

// form is one way in which programs print a value. encode gives at least one
// byte for each of the value's, and its first MaskMin bytes depend on no more
// than the value's first 3*MaskMin.
type form struct {
	encode func(v []byte) []byte
	slack  int // characters on each side that may hold bits of the value
}

// allForms lists the forms, less quotation marks around them.
func allForms() []form {
	forms := []form{
		{encode: func(v []byte) []byte { return v }},
		{encode: func(v []byte) []byte { return jsonString(v, true) }},
		{encode: func(v []byte) []byte { return jsonString(v, false) }},
		ofString(func(s string) string { return unquote(strconv.Quote(s)) }),
		ofString(func(s string) string { return unquote(strconv.QuoteToASCII(s)) }),
		// Shells: in single quotes, as Python's shlex does it, in double
		// quotes, without quotes.
		ofString(strings.NewReplacer(`'`, `'\''`).Replace),
		ofString(strings.NewReplacer(`'`, `'"'"'`).Replace),
		ofString(strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace),
		ofString(backslashed),
		ofString(func(s string) string { return hex.EncodeToString([]byte(s)) }),
		ofString(func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }),
	}
	for _, escape := range []func(string) string{url.QueryEscape, url.PathEscape, escapeComponent} {
		forms = append(forms, ofString(escape), ofString(func(s string) string { return lowerPercent(escape(s)) }))
	}
	for before := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, form{slack: 3, encode: func(v []byte) []byte { return base64Core(enc, before, v) }})
		}
	}
	return forms
}

func ofString(f func(string) string) form {
	return form{encode: func(v []byte) []byte { return []byte(f(string(v))) }}
}

func unquote(s string) string { return s[1 : len(s)-1] }

func jsonString(v []byte, escapeHTML bool) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escapeHTML)
	_ = e.Encode(string(v))                          // a string always encodes
	return bytes.TrimSpace(b.Bytes())[1 : b.Len()-2] // less the quotes and the newline
}

func escapeComponent(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// lowerPercent turns %2F into %2f.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// backslashed is what printf %q gives in bash for printable text.
func backslashed(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x80 && !isWord(c) && !strings.ContainsRune("_@%+=:,./-", rune(c)) {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// base64Core encodes v as it stands after before bytes (modulo 3) of something
// else and leaves out the characters at both ends that depend on that.
func base64Core(enc *base64.Encoding, before int, v []byte) []byte {
	all := enc.AppendEncode(nil, append(make([]byte, before, before+len(v)), v...))
	return all[(before*8+5)/6 : (before+len(v))*8/6]
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isBase64(c byte) bool { return isWord(c) || strings.IndexByte("+/-_=", c) >= 0 }

// jsonStrings returns the strings in a JSON object or list, keys excepted.
func jsonStrings(v []byte) [][]byte {
	var doc any
	if v = bytes.TrimSpace(v); len(v) == 0 || v[0] != '{' && v[0] != '[' || json.Unmarshal(v, &doc) != nil {
		return nil
	}
	var all [][]byte
	var walk func(any)
	walk = func(x any) {
		switch x := x.(type) {
		case string:
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

// grams tells which runs of MaskMin bytes are not in a text; it errs on the
// side of being there. One hash into a table of at least 16 bits a byte.
type grams struct {
	table []uint64
	shift int
}

func newGrams(text []byte) grams {
	width := max(6, bits.Len(uint(16*len(text))))
	g := grams{table: make([]uint64, 1<<(width-6)), shift: 64 - width}
	for i := 0; i+MaskMin <= len(text); i++ {
		h := g.hash(text[i:])
		g.table[h/64] |= 1 << (h % 64)
	}
	return g
}

// has looks up the first MaskMin bytes of b.
func (g grams) has(b []byte) bool {
	h := g.hash(b)
	return g.table[h/64]&(1<<(h%64)) != 0
}

func (g grams) hash(b []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 / golden ratio: spreads the high bits
	return binary.LittleEndian.Uint64(b) * odd >> g.shift
}
