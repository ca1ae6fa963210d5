package secretfile

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/credrender/credrender/pkg/source"
)

// What is read has the values that Terraform's parser reads.
func FuzzTfvars(f *testing.F) {
	for _, text := range []string{
		"a = \"x$${y}\\n\\u00e9\\U0001f600\"\nmode = 0644 # c\nbig = 12345678901234567890.10\non = true\n",
		"pem = <<EOT\none\n$${two}\nEOT\nind = <<-EOT\n    x\n\n   y\n    EOT\n", "\ufeffa = -5\r\nb = 1e-3 // c\r\n/* x\ny */ c /**/ = /**/ \"%%{\"",
		"a = null", "a = [1]", "a = {}", "a {\n}\n", "a = 1\na = 2", "a = \"e\u0301\"", "a = <<-E\n\t x\n \t y\nE\n", "a-b_1 = \"$\"\nñ = \"%d\"", "a = 1.5.2", "a = - 1", "a = \"$$$\"", "a = \"$$${x$$$${\"", "a = <<E\n$$${%%%{\nE\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTfvars([]byte(text))
		want, theirs := theirTfvars([]byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "valid in") && theirs == nil && !rare(text) {
				t.Errorf("%q is refused: %v", text, err)
			}
			return
		}
		if theirs != nil {
			t.Fatalf("%q is read, and Terraform refuses it: %v", text, theirs)
		}
		same := slices.EqualFunc(want, got, func(a, b Entry) bool {
			return a.Name == b.Name && a.Line == b.Line && string(a.Value.Reveal()) == string(b.Value.Reveal())
		})
		if !same {
			t.Errorf("%q: other values than Terraform reads: %+v, %+v", text, got, want)
		}
	})
}

// rare reports what only Terraform takes: names in scripts whose letters Unicode has added
// or excluded, and indented texts with other blanks than spaces and tabs.
func rare(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r > utf8.RuneSelf }) || strings.ContainsAny(text, "\v\f\r")
}

// theirTfvars reads with Terraform's own parser. The text of its messages is left out:
// it quotes the file.
func theirTfvars(data []byte) ([]Entry, error) {
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
	sorted := slices.Collect(mapValues(attributes))
	slices.SortFunc(sorted, func(a, b *hcl.Attribute) int { return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte) })
	var entries []Entry
	for _, a := range sorted {
		value, err := theirValue(a, data)
		if err != nil {
			return nil, &SyntaxError{a.Range.Start.Line, source.Show(a.Name) + ": " + err.Error()}
		}
		entries = append(entries, entry(a.Name, value, a.Range.Start.Line))
	}
	return entries, nil
}

func mapValues(m hcl.Attributes) func(yield func(*hcl.Attribute) bool) {
	return func(yield func(*hcl.Attribute) bool) {
		for _, a := range m {
			if !yield(a) {
				return
			}
		}
	}
}

func lineOf(faults hcl.Diagnostics) int {
	for _, f := range faults {
		if f.Severity == hcl.DiagError && f.Subject != nil {
			return f.Subject.Start.Line
		}
	}
	return 0
}

// theirValue returns the text of a value. A number keeps its digits.
func theirValue(a *hcl.Attribute, data []byte) (string, error) {
	v, faults := a.Expr.Value(nil)
	switch {
	case faults.HasErrors() || !v.IsWhollyKnown():
		return "", errExpression
	case v.IsNull():
		return "", errors.New("null is not a value")
	case v.Type().IsPrimitiveType() && !isTheirLiteral(a.Expr):
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

// isTheirLiteral reports whether a value of text, a number or a boolean is written as it is.
// Terraform computes others, such as 1 + 1, and the text of those is not their value.
func isTheirLiteral(x hcl.Expression) bool {
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
