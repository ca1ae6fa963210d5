package template

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// LintOptions are what Lint cannot see in the template itself.
type LintOptions struct {
	// Dest is the file to be written; its extension is the format if Format is empty.
	// Format is json, yaml, toml, env, sh, nginx, pem, ini, properties or xml.
	Dest, Format string
	// Scheduled: the template is rendered again and again.
	Scheduled bool
	// Dests are all destinations of the run.
	Dests []string
}

// Finding is a warning about a template.
type Finding struct {
	Template  string // the template's name, or that of a partial
	Line, Col int
	Rule      Rule
	Message   string
}

// Rule names a kind of [Finding].
type Rule string

// The rules of Lint.
const (
	// Volatile: a function whose output differs at each run, so each run rewrites the
	// file and runs the hook.
	Volatile Rule = "volatile"
	// Unquoted: a secret printed into a language without that language's
	// quoting.
	Unquoted Rule = "unquoted"
	// Wildcard: a pattern, which reads the whole table, on a schedule.
	Wildcard Rule = "wildcard"
	// OwnOutput: a file that the same run writes.
	OwnOutput Rule = "own-output"
	// Refused: a call that cannot succeed: not allowed, or an unknown context.
	Refused Rule = "refused"
	// Undefined: a {{template}} that is not defined.
	Undefined Rule = "undefined"
	// Conversion: a call that fails whatever the secrets are, or whose result differs
	// from that of Sprig's function (docs/conversions.md).
	Conversion Rule = "conversion"
	// Swapped: arguments in the wrong order, such as secretOr NAME DEFAULT instead of
	// secretOr DEFAULT NAME.
	Swapped Rule = "swapped"
)

// Lint returns warnings in the order of the text.
func (t *Template) Lint(o LintOptions) []Finding {
	l := &linter{t: t, o: o}
	if t.hasText() { // a file that is one value is not quoted
		l.quoting = quotingOf(o)
	}
	for _, r := range t.refs() {
		l.ref(r)
	}
	for _, tree := range t.original {
		l.tree(tree.Root)
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(l.t.partOf(a.Template), l.t.partOf(b.Template)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), strings.Compare(string(a.Rule), string(b.Rule)))
	})
	return slices.Compact(l.found)
}

func (t *Template) hasText() bool {
	found := false
	for _, tree := range t.original {
		inspect(tree.Root, func(n parse.Node) bool {
			text, ok := n.(*parse.TextNode)
			found = found || ok && strings.TrimSpace(string(text.Text)) != ""
			return !found
		})
	}
	return found
}

type linter struct {
	t       *Template
	o       LintOptions
	quoting quoting
	found   []Finding
}

func (l *linter) add(pos parse.Pos, rule Rule, format string, args ...any) {
	name, line, col := l.t.position(pos)
	l.found = append(l.found, Finding{name, line, col, rule, fmt.Sprintf(format, args...)})
}

// ref looks at what one call asks for.
func (l *linter) ref(r StaticRef) {
	add := func(rule Rule, msg string) { l.found = append(l.found, Finding{r.Template, r.Line, r.Col, rule, msg}) }
	if e, ok := r.Err.(*Error); ok {
		add(Refused, e.Msg)
	}
	if r.Func == "secrets" && l.o.Scheduled && r.Query.Ref.Source == "" {
		add(Wildcard, "a pattern reads the whole table: on a schedule only full_refresh does that")
	}
	if r.Kind == File && !r.Dynamic && slices.Contains(l.o.Dests, path.Clean(r.Query.Name)) {
		add(OwnOutput, "this run writes that file: this template is rendered after it")
	}
}

// tree looks at the calls and printing actions of one definition.
func (l *linter) tree(root *parse.ListNode) {
	tainted := l.tainted(root)
	inspect(root, func(n parse.Node) bool {
		switch n := n.(type) {
		case *parse.IdentifierNode:
			if find(n.Ident).Has(funcs.Volatile) {
				l.add(n.Pos, Volatile, "the output of %s differs on each run, so each run rewrites the file and runs the hook", n.Ident)
			}
		case *parse.PipeNode:
			l.conversions(n)
		case *parse.TemplateNode:
			if l.t.original[n.Name] == nil {
				l.add(n.Pos, Undefined, "template %q is not defined", n.Name)
			}
		case *parse.ActionNode:
			if id := l.lister(n.Pipe); id != nil && len(n.Pipe.Decl) == 0 {
				l.add(id.Pos, Conversion, "the action fails: %s returns %s", id.Ident, funcs.Composite("a list or map"))
			}
			if len(n.Pipe.Decl) == 0 && l.quoting.by != nil && l.bare(n.Pipe, tainted) {
				l.add(n.Pos, Unquoted, "a secret goes into %s unquoted: end it with | %s", l.quoting.format, l.quoting.by[0])
			}
		}
		return true
	})
}

// bare reports whether a pipeline prints a secret as it is.
func (l *linter) bare(p *parse.PipeNode, tainted map[string]bool) bool {
	if !l.dependsOnSecret(p, tainted) {
		return false
	}
	last, ok := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode)
	if !ok {
		inner, ok := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.PipeNode)
		return !ok || l.bare(inner, tainted)
	}
	return !slices.Contains(l.quoting.by, last.Ident) && !slices.Contains(harmless(), last.Ident)
}

func (l *linter) dependsOnSecret(n parse.Node, tainted map[string]bool) bool {
	found := false
	inspect(n, func(n parse.Node) bool {
		switch n := n.(type) {
		case *parse.IdentifierNode:
			kind := find(n.Ident).kind
			found = found || kind == Secret || kind == Secrets
		case *parse.VariableNode:
			found = found || tainted[n.Ident[0]]
		}
		return !found
	})
	return found
}

// tainted returns the variables that are ever set to what depends on a secret.
func (l *linter) tainted(root *parse.ListNode) map[string]bool {
	tainted := map[string]bool{}
	for before := -1; before < len(tainted); {
		before = len(tainted)
		inspect(root, func(n parse.Node) bool {
			if p, ok := n.(*parse.PipeNode); ok && len(p.Decl) > 0 && l.dependsOnSecret(p, tainted) {
				// Of two, in a range, the first is the name of a secret or an index.
				tainted[p.Decl[len(p.Decl)-1].Ident[0]] = true
			}
			return true
		})
	}
	delete(tainted, "$")
	return tainted
}

// quoting lists the functions that make a value safe in a format, best first.
type quoting struct {
	format string
	by     []string
}

// quotingOf returns the quoting of a file by its format, else by its name.
func quotingOf(o LintOptions) quoting {
	asJSON := []string{"jsonquote", "toJson", "mustToJson", "toRawJson", "mustToRawJson", "toPrettyJson", "mustToPrettyJson"}
	known := map[string]quoting{
		"json":       {"JSON", append(asJSON, "minjson")},
		"yaml":       {"YAML", append(asJSON, "toYaml", "quote", "indent", "nindent")}, // indented: a block of text
		"toml":       {"TOML", append(asJSON, "toToml", "quote")},
		"sh":         {"shell", []string{"shellquote", "envquote"}},
		"env":        {"an env file", []string{"envquote", "shellquote"}},
		"nginx":      {"a config of nginx", []string{"nginxquote"}},
		"properties": {"a properties file", []string{"propertiesquote"}},
		"xml":        {"XML", []string{"xmlquote"}},
		"pgpass":     {"a password file of PostgreSQL", []string{"pgpassquote"}},
	}
	known["yml"], known["bash"] = known["yaml"], known["sh"]
	if q, ok := known[formatOf(o)]; ok {
		return q
	}
	if o.Format == "ini" { // the extension alone does not tell whose INI it is
		return quoting{"INI", append([]string{"iniquote"}, asJSON...)} // MySQL's takes JSON strings
	}
	return quoting{}
}

// formatOf returns the format of a file: as stated, by its directory or by its extension.
func formatOf(o LintOptions) string {
	name := strings.TrimSuffix(o.Dest, ".tmpl")
	ext := strings.TrimPrefix(path.Ext(name), ".")
	switch {
	case o.Format != "":
		return o.Format
	case strings.HasPrefix(name, "/etc/default/"), strings.HasPrefix(name, "/etc/sysconfig/"), strings.HasPrefix(path.Base(name), ".env."):
		return "env"
	case ext == "conf" && strings.Contains(name, "nginx"):
		return "nginx"
	}
	return ext
}

// harmless are the functions whose output needs no quoting anywhere.
func harmless() []string {
	return []string{"b64enc", "b32enc", "sha1sum", "sha256sum", "sha512sum", "adler32sum", "hmac", "len", "int", "int64", "float64",
		"atoi", "add", "add1", "sub", "mul", "div", "mod", "max", "min", "eq", "ne", "lt", "le", "gt", "ge", "not", "empty",
		"hasKey", "has", "contains", "hasPrefix", "hasSuffix", "urlquery"}
}
