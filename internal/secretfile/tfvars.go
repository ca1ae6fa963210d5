package secretfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"github.com/credrender/credrender/pkg/source"
)

// parseTfvars reads with Terraform's own parser. The text of its messages is left out:
// it quotes the file.
func parseTfvars(data []byte) ([]Entry, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Msg: "not UTF-8"}
	}
	file, faults := hclsyntax.ParseConfig(data, "", hcl.InitialPos)
	if faults.HasErrors() {
		return nil, &SyntaxError{lineOf(faults), "not valid in a .tfvars file"}
	}
	attributes, faults := file.Body.JustAttributes()
	if faults.HasErrors() {
		return nil, &SyntaxError{lineOf(faults), "a block: a file has lines NAME = VALUE"}
	}
	inOrder := func(a, b *hcl.Attribute) int { return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte) }
	var entries []Entry
	for _, a := range slices.SortedFunc(maps.Values(attributes), inOrder) {
		value, err := tfvarsValue(a, data)
		if err != nil {
			return nil, &SyntaxError{a.Range.Start.Line, source.Show(a.Name) + ": " + err.Error()}
		}
		entries = append(entries, entry(a.Name, value, a.Range.Start.Line))
	}
	return entries, nil
}

func lineOf(faults hcl.Diagnostics) int {
	for _, f := range faults {
		if f.Severity == hcl.DiagError && f.Subject != nil {
			return f.Subject.Start.Line
		}
	}
	return 0
}

// tfvarsValue returns the text of a value. A number keeps its digits.
func tfvarsValue(a *hcl.Attribute, data []byte) (string, error) {
	v, faults := a.Expr.Value(nil)
	switch {
	case faults.HasErrors() || !v.IsWhollyKnown():
		return "", errExpression
	case v.IsNull():
		return "", errors.New("null is not a value")
	case v.Type().IsPrimitiveType() && !isLiteral(a.Expr):
		return "", errExpression
	case v.Type() == cty.String:
		return v.AsString(), nil
	case v.Type() == cty.Number, v.Type() == cty.Bool:
		return strings.TrimSpace(string(a.Expr.Range().SliceBytes(data))), nil
	case v.Type().IsObjectType():
		return "", errors.New("an object is not a value")
	}
	return "", errors.New("a list is not a value")
}

var errExpression = errors.New("an expression, not a value")

// isLiteral reports whether a value of text, a number or a boolean is written as it is.
// Terraform computes others, such as 1 + 1, and the text of those is not their value.
func isLiteral(x hcl.Expression) bool {
	switch x := x.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.UnaryOpExpr: // the lexer has no negative numbers
		_, ok := x.Val.(*hclsyntax.LiteralValueExpr)
		return ok && x.Op == hclsyntax.OpNegate && x.Val.Range().Start.Byte == x.SrcRange.Start.Byte+1
	case *hclsyntax.TemplateExpr:
		return !slices.ContainsFunc(x.Parts, func(part hclsyntax.Expression) bool {
			text, ok := part.(*hclsyntax.LiteralValueExpr)
			return !ok || text.Val.Type() != cty.String // a number here was ${1}
		})
	}
	return false
}

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
