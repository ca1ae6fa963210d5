package funcs

import (
	"maps"
	"slices"
	"strings"
	"text/template"
)

// repaired are Sprig's functions where a config file needs them to fail, or to
// give the same result at each render:
//
//   - b64dec, b32dec, bcrypt, derivePassword and genPrivateKey put the text of
//     an error into the output, and toJson nothing at all: here they fail;
//   - keys and values come in random order: here sorted by key;
//   - sortAlpha sorts its argument in place: here a copy;
//   - slice hides text/template's own, which slices strings: here it does both.
func repaired(base map[string]any) map[string]any {
	return map[string]any{
		"b64dec":       fromBase64,
		"b32dec":       fromBase32,
		"toJson":       base["mustToJson"],
		"toPrettyJson": base["mustToPrettyJson"],
		"bcrypt": func(s string) (string, error) {
			hash := base["bcrypt"].(func(string) string)(s)
			if !strings.HasPrefix(hash, "$2") {
				return "", Problem("bcrypt takes no more than 72 bytes")
			}
			return hash, nil
		},
		"derivePassword": func(counter uint32, kind, password, user, site string) (string, error) {
			if !slices.Contains([]string{"maximum", "long", "medium", "short", "basic", "pin"}, kind) {
				return "", Problem("the password type is one of maximum, long, medium, short, basic, pin")
			}
			f := base["derivePassword"].(func(uint32, string, string, string, string) string)
			return f(counter, kind, password, user, site), nil
		},
		"genPrivateKey": func(kind string) (string, error) {
			if !slices.Contains([]string{"", "rsa", "dsa", "ecdsa", "ed25519"}, kind) {
				return "", Problem("the key type is one of rsa, dsa, ecdsa, ed25519")
			}
			return base["genPrivateKey"].(func(string) string)(kind), nil
		},
		"keys":      keys,
		"values":    values,
		"sortAlpha": func(list any) []string { return slices.Clone(base["sortAlpha"].(func(any) []string)(cloned(list))) },
		"slice": func(item any, indices ...any) (any, error) {
			s, ok := item.(string)
			if !ok {
				return base["mustSlice"].(func(any, ...any) (any, error))(item, indices...)
			}
			return substring(s, indices, base["int"].(func(any) int))
		},
	}
}

func keys(dicts ...map[string]any) []string {
	all := []string{}
	for _, d := range dicts {
		all = append(all, slices.Sorted(maps.Keys(d))...)
	}
	return all
}

func values(dict map[string]any) []any {
	all := []any{}
	for _, k := range slices.Sorted(maps.Keys(dict)) {
		all = append(all, dict[k])
	}
	return all
}

// cloned returns a copy of a list of strings; other lists Sprig copies itself.
func cloned(list any) any {
	if s, ok := list.([]string); ok {
		return slices.Clone(s)
	}
	return list
}

func substring(s string, indices []any, toInt func(any) int) (string, error) {
	from, to := 0, len(s)
	if len(indices) > 0 {
		from = toInt(indices[0])
	}
	if len(indices) > 1 {
		to = toInt(indices[1])
	}
	if len(indices) > 2 || from < 0 || to > len(s) || from > to {
		return "", Problem("an index is out of range")
	}
	return s[from:to], nil
}

// printers are text/template's own functions that print what they are given.
// They are in the table so that they are bounded like all others.
func printers(sprint, sprintln func(...any) string, sprintf func(string, ...any) string) map[string]any {
	return map[string]any{
		"print":    sprint,
		"println":  sprintln,
		"printf":   sprintf,
		"html":     template.HTMLEscaper,
		"js":       template.JSEscaper,
		"urlquery": template.URLQueryEscaper,
	}
}
