// Package syntax parses Jinja2 3.1 templates
// (https://jinja.palletsprojects.com/en/stable/templates/) with credsmash's settings:
// trim_blocks and lstrip_blocks on, no autoescape, without the last newline, and no
// extensions.
//
// [Parse] is the entry point. The lexer (lex.go) splits a template into text, tags and
// the tokens of tags, and trims white space around tags. The parser (statement.go,
// expr.go, postfix.go) has the same functions as Jinja2's, to have the same precedence
// and leniency.
package syntax

import (
	"reflect"
	"strings"
)

// Expr is an expression.
type Expr any

// Expressions.
type (
	// Const is a literal: nil, bool, int64, float64 or string.
	Const struct{ Value any }
	// Name is a variable.
	Name struct{ Name string }
	// NSRef is an assignment's target "namespace.attribute".
	NSRef struct{ Name, Attr string }
	// Unary is "-", "+" or "not".
	Unary struct {
		Op string
		X  Expr
	}
	// Binary is an arithmetic operator, "and" or "or".
	Binary struct {
		Op   string
		X, Y Expr
	}
	// Concat is a chain of "~".
	Concat struct{ Parts []Expr }
	// Compare is a chain such as a < b <= c.
	Compare struct {
		First Expr
		Ops   []Operand
	}
	// Operand is one link of a Compare.
	Operand struct {
		Op string // "==", "in", "not in", ...
		X  Expr
	}
	// Cond is "x if test else y"; Else may be nil.
	Cond struct{ Then, Test, Else Expr }
	// Getattr is x.name.
	Getattr struct {
		X    Expr
		Name string
	}
	// Getitem is x[index].
	Getitem struct{ X, Index Expr }
	// Slice is the index a:b:c; each may be nil.
	Slice struct{ Start, Stop, Step Expr }
	// Call is f(args).
	Call struct {
		Fn Expr
		Args
	}
	// Filter is x|name(args); X is nil at the head of a filter block.
	Filter struct {
		X    Expr
		Name string
		Args
		Line int
	}
	// Test is "x is name(args)".
	Test struct {
		X    Expr
		Name string
		Args
		Negated bool
		Line    int
	}
	// List, Tuple and Dict are literals.
	List  struct{ Items []Expr }
	Tuple struct{ Items []Expr }
	Dict  struct{ Items []Pair }
	// Pair is one key and value.
	Pair struct{ Key, Value Expr }
)

// Args are the arguments of a call.
type Args struct {
	Pos    []Expr
	Named  []Keyword
	Star   Expr // *args
	Double Expr // **kwargs
}

// Keyword is name=value.
type Keyword struct {
	Name  string
	Value Expr
}

// Node is a statement, with the line it starts in.
type Node any

// Statements.
type (
	// Text is literal output.
	Text struct{ Text string }
	// Print is {{ x }}.
	Print struct {
		X    Expr
		Line int
	}
	// For is a loop.
	For struct {
		Target    Expr
		Iter      Expr
		Test      Expr // nil: none
		Recursive bool
		Body      []Node
		Else      []Node
		Line      int
	}
	// If is a condition; elif is an If alone in Else.
	If struct {
		Test Expr
		Body []Node
		Else []Node
		Line int
	}
	// Set is {% set target = x %}.
	Set struct {
		Target, X Expr
		Line      int
	}
	// SetBlock is {% set target %}...{% endset %}.
	SetBlock struct {
		Target Expr
		Filter Expr // a chain whose innermost X is nil, or nil
		Body   []Node
		Line   int
	}
	// Macro is a macro, or the body of a call block.
	Macro struct {
		Name   string
		Params []Param
		Body   []Node
		Line   int
	}
	// Param is a macro's parameter; Default nil: none.
	Param struct {
		Name    string
		Default Expr
	}
	// CallBlock is {% call f(x) %}...{% endcall %}.
	CallBlock struct {
		Call   *Call
		Caller *Macro
		Line   int
	}
	// FilterBlock is {% filter x %}...{% endfilter %}.
	FilterBlock struct {
		Filter Expr
		Body   []Node
		Line   int
	}
	// With is {% with x = 1 %}...{% endwith %}.
	With struct {
		Targets []Expr
		Values  []Expr
		Body    []Node
		Line    int
	}
	// Block is a named block, rendered where it stands.
	Block struct {
		Name string
		Body []Node
		Line int
	}
	// Load is include, import, from or extends. It fails when it is reached, because
	// credsmash has no loader.
	Load struct {
		Tag  string
		Line int
	}
)

// Walk calls visit for a node, an expression or a slice of either, and if visit returns
// true, for everything below it, in the order of the fields. Targets of assignments are left
// out: they are not read.
func Walk(n any, visit func(any) bool) { walk(reflect.ValueOf(n), visit) }

func walk(v reflect.Value, visit func(any) bool) {
	switch v.Kind() {
	case reflect.Interface:
		walk(v.Elem(), visit)
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), visit)
		}
	case reflect.Pointer:
		if !v.IsNil() && visit(v.Interface()) {
			walk(v.Elem(), visit)
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			if !strings.HasPrefix(field.Name, "Target") {
				walk(value, visit)
			}
		}
	}
}

// Mentions reports whether nodes contain a variable.
func Mentions(nodes []Node, name string) bool {
	found := false
	Walk(nodes, func(n any) bool {
		x, ok := n.(*Name)
		found = found || ok && x.Name == name
		return !found
	})
	return found
}
