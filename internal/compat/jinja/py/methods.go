package py

import (
	"slices"
	"strings"
	"unicode"
)

// Method returns a method of a built-in type, if Jinja2's sandbox allows it.
func Method(v Value, name string) (Func, bool) {
	if s, ok := Text(v); ok {
		return textMethod(v, s, name)
	}
	switch v := v.(type) {
	case *Dict:
		return dictMethod(v, name)
	case *List:
		return listMethod(v, name)
	case Tuple:
		switch name {
		case "count", "index":
			return listMethod(&List{v}, name)
		}
	}
	return nil, false
}

// arguments reads positional arguments.
type arguments struct{ args []Value }

func (a *arguments) value(i int) Value {
	if i < len(a.args) {
		return a.args[i]
	}
	panic(failed("TypeError", "expected at least %d argument(s), got %d", i+1, len(a.args)))
}

func (a *arguments) text(i int) string {
	v := a.value(i)
	if u, ok := v.(Undefined); ok {
		Check(u.Err())
	}
	s, ok := Text(v)
	if !ok {
		panic(failed("TypeError", "expected str, not %s", TypeName(v)))
	}
	return s
}

func (a *arguments) optional(i int, standard Value) Value {
	if i < len(a.args) {
		return a.args[i]
	}
	return standard
}

func (a *arguments) int(i int, standard int64) int64 {
	n, ok := Int(a.optional(i, standard))
	if !ok {
		panic(failed("TypeError", "expected int, not %s", TypeName(a.args[i])))
	}
	return n
}

// byPosition moves keyword arguments to their positions.
func byPosition(args []Value, named *Dict, params ...string) []Value {
	args = slices.Clone(args)
	for k, v := range named.All() {
		i := slices.Index(params, k.(string))
		if i != len(args) { // the rest of these methods have one gap at most
			panic(failed("TypeError", "unexpected keyword argument"))
		}
		args = append(args, v)
	}
	return args
}

func textMethod(v Value, s, name string) (Func, bool) {
	if name == "format" {
		return func(args []Value, named *Dict) Value { return Like(v, Format(s, args, named)) }, true
	}
	if name == "format_map" {
		return func(args []Value, _ *Dict) Value {
			a := arguments{args: args}
			d, _ := a.value(0).(*Dict)
			return Like(v, Format(s, nil, d))
		}, true
	}
	method, ok := textMethods()[name]
	if !ok {
		return nil, false
	}
	return func(args []Value, named *Dict) Value {
		result := method(s, &arguments{byPosition(args, named, keywords[name]...)})
		if text, ok := result.(string); ok {
			result = Like(v, text)
		}
		return result
	}, true
}

var keywords = map[string][]string{
	"split": {"sep", "maxsplit"}, "rsplit": {"sep", "maxsplit"}, "splitlines": {"keepends"},
	"expandtabs": {"tabsize"}, "replace": {"old", "new", "count"},
}

func textMethods() map[string]func(s string, a *arguments) Value {
	trim := func(left, right bool) func(string, *arguments) Value {
		return func(s string, a *arguments) Value { return Strip(s, a.optional(0, nil), left, right) }
	}
	is := func(ok func(rune) bool) func(string, *arguments) Value {
		return func(s string, _ *arguments) Value {
			return s != "" && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
		}
	}
	letters := func(r rune) bool { return unicode.IsLetter(r) }
	return map[string]func(string, *arguments) Value{
		"upper":      func(s string, _ *arguments) Value { return Upper(s) },
		"lower":      func(s string, _ *arguments) Value { return strings.ToLower(s) },
		"casefold":   func(s string, _ *arguments) Value { return strings.ToLower(s) },
		"title":      func(s string, _ *arguments) Value { return titled(s) },
		"capitalize": func(s string, _ *arguments) Value { return Capitalize(s) },
		"swapcase":   func(s string, _ *arguments) Value { return strings.Map(swap, s) },
		"strip":      trim(true, true),
		"lstrip":     trim(true, false),
		"rstrip":     trim(false, true),
		"split":      func(s string, a *arguments) Value { return split(s, a, false) },
		"rsplit":     func(s string, a *arguments) Value { return split(s, a, true) },
		"splitlines": func(s string, a *arguments) Value { return SplitLines(s, Truth(a.optional(0, false))) },
		"partition":  func(s string, a *arguments) Value { return partition(s, a.text(0), false) },
		"rpartition": func(s string, a *arguments) Value { return partition(s, a.text(0), true) },
		"join":       joinMethod,
		"replace": func(s string, a *arguments) Value {
			return strings.Replace(s, a.text(0), a.text(1), int(a.int(2, -1)))
		},
		"startswith":   func(s string, a *arguments) Value { return affix(s, a, strings.HasPrefix) },
		"endswith":     func(s string, a *arguments) Value { return affix(s, a, strings.HasSuffix) },
		"removeprefix": func(s string, a *arguments) Value { return strings.TrimPrefix(s, a.text(0)) },
		"removesuffix": func(s string, a *arguments) Value { return strings.TrimSuffix(s, a.text(0)) },
		"find":         func(s string, a *arguments) Value { return position(s, strings.Index(s, a.text(0))) },
		"rfind":        func(s string, a *arguments) Value { return position(s, strings.LastIndex(s, a.text(0))) },
		"index": func(s string, a *arguments) Value {
			at := strings.Index(s, a.text(0))
			if at < 0 {
				panic(failed("ValueError", "substring not found"))
			}
			return position(s, at)
		},
		"count":   func(s string, a *arguments) Value { return int64(strings.Count(s, a.text(0))) },
		"center":  func(s string, a *arguments) Value { return padded(s, a, '^') },
		"ljust":   func(s string, a *arguments) Value { return padded(s, a, '<') },
		"rjust":   func(s string, a *arguments) Value { return padded(s, a, '>') },
		"zfill":   func(s string, a *arguments) Value { return zfill(s, int(min(a.int(0, 0), maxWidth))) },
		"isdigit": is(unicode.IsDigit), "isdecimal": is(unicode.IsDigit), "isnumeric": is(unicode.IsNumber),
		"isalpha": is(letters), "isspace": is(unicode.IsSpace),
		"isalnum": is(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
		"isupper": func(s string, _ *arguments) Value { return IsUpper(s) },
		"islower": func(s string, _ *arguments) Value { return IsLower(s) },
		"expandtabs": func(s string, a *arguments) Value {
			return expandTabs(s, int(min(a.int(0, 8), maxWidth)))
		},
	}
}

// method returns the Func of f, which reads its arguments by position.
func method(f func(a *arguments) Value) (Func, bool) {
	return func(args []Value, named *Dict) Value {
		if named.Len() > 0 {
			panic(failed("TypeError", "this method takes no keyword arguments"))
		}
		return f(&arguments{args})
	}, true
}
