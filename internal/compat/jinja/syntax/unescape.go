package syntax

import (
	"fmt"
	"strconv"
	"strings"
)

// escapes are the escapes of one letter.
var escapes = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// unescape returns the value of a Python string literal.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if e, ok := escapes[s[i]]; ok {
			b.WriteString(e)
			continue
		}
		var digits int
		base := 16
		start := i + 1
		switch c := s[i]; {
		case c == 'x':
			digits = 2
		case c == 'u':
			digits = 4
		case c == 'U':
			digits = 8
		case c >= '0' && c <= '7':
			base, start, digits = 8, i, 1
			for digits < 3 && start+digits < len(s) && s[start+digits] >= '0' && s[start+digits] <= '7' {
				digits++
			}
		default: // Python leaves what it does not know
			b.WriteByte('\\')
			b.WriteByte(c)
			continue
		}
		if start+digits > len(s) {
			return "", fmt.Errorf("truncated escape in a string")
		}
		n, err := strconv.ParseUint(s[start:start+digits], base, 32)
		if err != nil {
			return "", fmt.Errorf("malformed escape in a string")
		}
		b.WriteRune(rune(n))
		i = start + digits - 1
	}
	return b.String(), nil
}
