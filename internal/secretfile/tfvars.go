package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tfvarsName is narrower than what Terraform takes: ASCII only.
var tfvarsName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`) })

func writeTfvars(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	err := eachText(entries, func(name, value string) error {
		switch {
		case !tfvarsName().MatchString(name):
			return errors.New("a name of letters, digits, _ and - is needed")
		case !norm.NFC.IsNormalString(value):
			return errors.New("the value has accents that are separate characters, and Terraform would combine them with their letters (Unicode NFC)")
		}
		b.WriteString(name + " = \"" + escapeHCL(value) + "\"\n")
		return nil
	})
	return b.Bytes(), err
}

// escapeHCL escapes the text of a quoted template
// (https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences).
func escapeHCL(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteString(string(r) + string(r))
		case !unicode.IsPrint(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
