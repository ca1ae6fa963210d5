package syntax

import (
	"reflect"
	"strings"
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
