package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Terraform returns the document as an aws_iam_policy resource with that label and name.
// It uses jsonencode, because an aws_iam_policy_document turns "&{" in a name into the
// "${" of a policy variable, and cannot escape it
// (https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/d/iam_policy_document.html.markdown).
func (d Document) Terraform(label, name string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "resource \"aws_iam_policy\" %s {\n  name = %s\n  policy = jsonencode({\n", quote(label), quote(name))
	fmt.Fprintf(&b, "    Version = %s\n    Statement = [\n", quote(d.Version))
	for _, s := range d.Statement {
		s.terraform(&b)
	}
	b.WriteString("    ]\n  })\n}\n")
	return []byte(b.String())
}

func (s Statement) terraform(b *strings.Builder) {
	fmt.Fprintf(b, "      {\n        Sid      = %s\n        Effect   = %s\n        Action   = %s\n        Resource = %s\n",
		quote(s.Sid), quote(s.Effect), list(s.Action), list(s.Resource))
	if len(s.Condition) > 0 {
		b.WriteString("        Condition = {\n")
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			fmt.Fprintf(b, "          %s = {\n", quote(operator))
			for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
				values := s.Condition[operator][key]
				text := list(values)
				if operator == "Null" && len(values) == 1 {
					text = quote(values[0])
				}
				fmt.Fprintf(b, "            %s = %s\n", quote(key), text)
			}
			b.WriteString("          }\n")
		}
		b.WriteString("        }\n")
	}
	b.WriteString("      },\n")
}

func list(values []string) string {
	quoted := slices.Clone(values)
	for i, v := range quoted {
		quoted[i] = quote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote returns an HCL string. "${" and "%{" begin a template there, and are doubled to be
// literal
// (https://developer.hashicorp.com/terraform/language/expressions/strings).
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if r < 0x20 || r == 0x7f {
				fmt.Fprintf(&b, `\u%04x`, r)
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(b.String())
}
