package tables

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// expressionNames are the placeholders of a request's expressions.
type expressionNames struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attributes
}

// expressions reads all expressions of one request, and notes which
// placeholders they use: DynamoDB refuses unused ones.
type expressions struct {
	expressionNames
	used   map[string]bool
	kind   string // "KeyConditionExpression", for messages
	text   string
	tokens []string
}

func newExpressions(n expressionNames) *expressions {
	return &expressions{expressionNames: n, used: map[string]bool{}}
}

// projector picks the attributes that were asked for.
type projector func(attributes) attributes

var token = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[#:]?[A-Za-z0-9_.-]+|<>|<=|>=|[=<>(),]|\S`) })

func (e *expressions) start(kind, text string) {
	e.kind, e.text, e.tokens = kind, text, token().FindAllString(text, -1)
}

func (e *expressions) next() string {
	if len(e.tokens) == 0 {
		return ""
	}
	t := e.tokens[0]
	e.tokens = e.tokens[1:]
	return t
}

func (e *expressions) peek() string {
	if len(e.tokens) == 0 {
		return ""
	}
	return e.tokens[0]
}

func (e *expressions) expect(want string) error {
	if got := e.next(); got != want {
		return e.syntax(got)
	}
	return nil
}

func (e *expressions) syntax(at string) error {
	if at == "" {
		at = "<EOF>"
	}
	return wire.Invalid("Invalid %s: Syntax error; token: %q, near: %q", e.kind, at, e.text)
}

// path reads an attribute's name or its placeholder. Document paths ("a.b") are
// not implemented.
func (e *expressions) path() (string, error) {
	t := e.next()
	if strings.HasPrefix(t, "#") {
		name, ok := e.ExpressionAttributeNames[t]
		if !ok {
			return "", wire.Invalid("Invalid %s: An expression attribute name used in the document path is not defined; attribute name: %s", e.kind, t)
		}
		e.used[t] = true
		return name, nil
	}
	if !attributeName().MatchString(t) {
		return "", e.syntax(t)
	}
	if isReserved(t) {
		return "", wire.Invalid("Invalid %s: Attribute name is a reserved keyword; reserved keyword: %s", e.kind, t)
	}
	return t, nil
}

var attributeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`) })

func (e *expressions) value() (value, error) {
	t := e.next()
	if !strings.HasPrefix(t, ":") {
		return value{}, e.syntax(t)
	}
	v, ok := e.ExpressionAttributeValues[t]
	if !ok {
		return value{}, wire.Invalid("Invalid %s: An expression attribute value used in expression is not defined; attribute value: %s", e.kind, t)
	}
	e.used[t] = true
	return v, nil
}

// projection reads names joined by commas; an empty text picks everything.
func (e *expressions) projection(text string) (projector, error) {
	if text == "" {
		return func(a attributes) attributes { return a }, nil
	}
	e.start("ProjectionExpression", text)
	var names []string
	for {
		name, err := e.path()
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, name) {
			return nil, wire.Invalid("Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [%s], path two: [%s]", name, name)
		}
		names = append(names, name)
		switch sep := e.next(); sep {
		case "":
			return pick(names), nil
		case ",":
		default:
			return nil, e.syntax(sep)
		}
	}
}

func pick(names []string) projector {
	return func(a attributes) attributes {
		out := attributes{}
		for _, name := range names {
			if v, ok := a[name]; ok {
				out[name] = v
			}
		}
		return out
	}
}

// finish refuses placeholders that no expression used.
func (e *expressions) finish() error {
	for _, group := range []struct {
		member string
		names  []string
	}{
		{"ExpressionAttributeNames", slices.Sorted(maps.Keys(e.ExpressionAttributeNames))},
		{"ExpressionAttributeValues", slices.Sorted(maps.Keys(e.ExpressionAttributeValues))},
	} {
		unused := slices.DeleteFunc(group.names, func(n string) bool { return e.used[n] })
		if len(unused) > 0 {
			return wire.Invalid("Value provided in %s unused in expressions: keys: {%s}", group.member, strings.Join(unused, ", "))
		}
	}
	return nil
}
