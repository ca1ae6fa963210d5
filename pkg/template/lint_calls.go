package template

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// conversions looks at the calls of a pipeline.
func (l *linter) conversions(pipe *parse.PipeNode) {
	for i, c := range pipe.Cmds {
		id, ok := c.Args[0].(*parse.IdentifierNode)
		if !ok {
			continue
		}
		values := make([]reflect.Value, 0, len(c.Args)) // invalid where not constant
		for _, a := range c.Args[1:] {
			v, _ := l.t.constant(a)
			values = append(values, v)
		}
		if i > 0 {
			v, _ := l.t.constantPipe(pipe.Cmds[:i])
			values = append(values, v)
		}
		l.call(id, values)
		for _, a := range c.Args[1:] {
			l.printed(id, l.lister(a))
		}
		if i > 0 {
			l.printed(id, l.lister(&parse.PipeNode{NodeType: parse.NodePipe, Cmds: pipe.Cmds[:i]}))
		}
	}
}

// printed reports a function that prints its arguments and is given a list or map.
func (l *linter) printed(id, lister *parse.IdentifierNode) {
	printing := []string{"print", "println", "html", "js", "urlquery", "quote", "squote", "cat", "toString"}
	if lister != nil && slices.Contains(printing, id.Ident) {
		l.add(lister.Pos, Conversion, "%s fails: %s returns %s", id.Ident, lister.Ident, funcs.Composite("a list or map"))
	}
}

// lister returns the call that a pipeline ends in, if its function always returns a
// list or map.
func (l *linter) lister(n parse.Node) *parse.IdentifierNode {
	pipe, ok := n.(*parse.PipeNode)
	if !ok {
		return nil
	}
	last := pipe.Cmds[len(pipe.Cmds)-1].Args[0]
	id, ok := last.(*parse.IdentifierNode)
	if !ok {
		return l.lister(last)
	}
	if f := find(id.Ident); f.name != "" && f.returnsList() {
		return id
	}
	return nil
}

// call looks at one call, with those of its arguments that are constants.
func (l *linter) call(id *parse.IdentifierNode, args []reflect.Value) {
	constant := !slices.ContainsFunc(args, func(v reflect.Value) bool { return !v.IsValid() })
	switch name := id.Ident; {
	case constant && l.fails(id, args):
	case name != "secretOr" && l.swapped(id, args):
	case dateArgument(name) >= 0:
		if text(args, dateArgument(name)) != "" {
			l.add(id.Pos, Conversion, "%s fails: its date is a string; use toDate LAYOUT X first", name)
		}
	case strings.HasPrefix(name, "kindIs") || strings.HasPrefix(name, "typeIs"):
		if text(args, 0) == "float64" {
			l.add(id.Pos, Conversion, "a whole number of a document is an int and no longer a float64: %s \"float64\" is false for it", name)
		}
	case name == "merge" || name == "mustMerge":
		l.add(id.Pos, Conversion, "%s keeps 0, false and \"\" of its first map, which Sprig's takes from the others", name)
	case name == "printf":
		l.printf(id, args)
	case name == "secretOr" && len(args) > 1:
		if looksLikeName(text(args, 0)) && args[1].IsValid() && !strings.ContainsAny(text(args, 1), "./:-_") {
			l.add(id.Pos, Swapped, "secretOr takes DEFAULT and then NAME: %q looks like the name", text(args, 0))
		}
		if strings.Index(text(args, 1), "=") > 0 { // the default was forgotten
			l.add(id.Pos, Swapped, "secretOr takes DEFAULT, then NAME, then a context: the name %q looks like a context", text(args, 1))
		}
	}
}

// dateArgument returns which argument of a function is a date, or -1.
func dateArgument(function string) int {
	switch function {
	case "htmlDate", "htmlDateInZone", "ago":
		return 0
	case "date", "dateInZone", "date_in_zone":
		return 1
	}
	return -1
}

// fails reports a call whose arguments are constants that it cannot take.
func (l *linter) fails(id *parse.IdentifierNode, args []reflect.Value) bool {
	f := find(id.Ident)
	if f.name == "" || f.asks || f.Like != nil || isOwnMessage(id.Ident) {
		return false
	}
	_, err := l.t.newPass(context.Background(), nil).callLoose(f, args)
	if err == nil {
		return false
	}
	l.add(id.Pos, Conversion, "%s fails: %s", id.Ident, funcs.Describe(err).Text)
	return true
}

// printf counts the arguments of a constant format.
func (l *linter) printf(id *parse.IdentifierNode, args []reflect.Value) {
	if len(args) == 0 || !args[0].IsValid() || args[0].Kind() != reflect.String {
		return
	}
	want, ok := funcs.Verbs(args[0].String())
	if ok && want != len(args)-1 {
		l.add(id.Pos, Conversion, "printf fails: its format has verbs for %d arguments, and it has %d", want, len(args)-1)
	}
}

// text returns a constant string among args, or "".
func text(args []reflect.Value, i int) string {
	if i >= len(args) || !args[i].IsValid() || args[i].Kind() != reflect.String {
		return ""
	}
	return fmt.Sprint(args[i].Interface())
}

// looksLikeName reports whether a default may be the name of a secret: words with
// dots or slashes between them, as db.password. Addresses begin with a digit, paths
// with a slash.
func looksLikeName(s string) bool {
	for _, prefix := range []string{"ssm:", "sm:", "s3://"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	if s == "" || s[0] >= '0' && s[0] <= '9' || !strings.ContainsAny(s, "./") {
		return false
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '/' })
	return len(words) == 1+strings.Count(s, ".")+strings.Count(s, "/") &&
		!strings.ContainsFunc(s, func(r rune) bool { return !isNameRune(r) })
}

func isNameRune(r rune) bool {
	return r == '.' || r == '/' || r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// swapped reports a call whose arguments seem to be in the wrong order: one of a type
// that its function cannot take there, or a constant as the text, list or map that the
// function is about, while an argument before it is computed.
func (l *linter) swapped(id *parse.IdentifierNode, args []reflect.Value) bool {
	f := find(id.Ident)
	if f.name == "" || len(args) < 2 {
		return false
	}
	order := argumentsOf(id.Ident)
	in, variadic := f.params()
	for i, arg := range args {
		if !arg.IsValid() || !variadic && i >= len(in) {
			continue
		}
		if t := typeOf(in, variadic, i); !takes(t, arg) {
			l.add(id.Pos, Swapped, "%s fails: it takes %s, and argument %d is %s", id.Ident, order, i+1, described(arg))
			return true
		}
	}
	last := args[len(args)-1]
	if !last.IsValid() || args[0].IsValid() {
		return false
	}
	switch id.Ident {
	case "default", "required":
		l.add(id.Pos, Swapped, "%s takes %s: its VALUE is a constant, so the other argument has no effect", id.Ident, order)
	case "contains", "hasPrefix", "hasSuffix", "trimPrefix", "trimSuffix", "trimAll", "trimall", "replace", "split", "splitList",
		"regexMatch", "mustRegexMatch", "regexFind", "mustRegexFind", "toDate", "mustToDate", "htpasswd":
		l.add(id.Pos, Swapped, "%s takes %s: the last is a constant and the first is not", id.Ident, order)
	case "join", "has", "mustHas", "dig":
		if last.Kind() != reflect.String {
			return false
		}
		l.add(id.Pos, Swapped, "%s takes %s: the last is a text", id.Ident, order)
	default:
		return false
	}
	return true
}

// takes reports whether a parameter takes a constant.
func takes(t reflect.Type, arg reflect.Value) bool {
	if !isParameter(t) {
		_, ok := convert(arg, t)
		return ok
	}
	if arg.Kind() != reflect.String {
		return arg.CanInt() || arg.CanUint() || arg.CanFloat()
	}
	_, err := funcs.Count(arg.Interface())
	return err == nil
}

func described(arg reflect.Value) string {
	switch {
	case arg.Kind() == reflect.String:
		return fmt.Sprintf("the text %q", arg.String())
	case arg.Kind() == reflect.Bool:
		return "true or false"
	case arg.CanInt() || arg.CanUint() || arg.CanFloat():
		return "a number"
	}
	return "a list or map"
}

// argumentsOf returns the arguments of a function, in order.
func argumentsOf(name string) string {
	for _, d := range funcs.Docs() {
		if slices.Contains(strings.Fields(d.Names), name) {
			return d.Args
		}
	}
	return "other arguments"
}
