package funcs

import (
	"maps"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Functions for maps whose keys are paths, as ssmPath returns them. A slash at the
// beginning of a key or pattern does not count.

// pathMap returns the values of a document by their paths, as texts.
func pathMap(doc any) (map[string]any, error) {
	flat := map[string]any{}
	err := flatten(flat, "", doc)
	return flat, err
}

func flatten(flat map[string]any, at string, v any) error {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for name, inner := range v {
			if err := flatten(flat, at+"/"+name, inner); err != nil {
				return err
			}
		}
	case []any:
		for i, inner := range v {
			if err := flatten(flat, at+"/"+strconv.Itoa(i), inner); err != nil {
				return err
			}
		}
	default:
		text, err := toString(v)
		if err != nil || at == "" {
			return Problem(described(v) + " is not a map or list")
		}
		flat[at] = text
	}
	return nil
}

// pathValue returns the value of a key, which must be there.
func pathValue(key string, values map[string]any) (any, error) {
	if v, ok := values[key]; ok {
		return v, nil
	}
	return nil, &Failure{Text: "no key " + strconv.Quote(key), Safe: "no such key"}
}

// relative returns the keys without the slash that they may begin with, sorted.
func relative(values map[string]any) (keys []string, of map[string]any) {
	of = make(map[string]any, len(values))
	for key, v := range values {
		of[strings.TrimPrefix(key, "/")] = v
	}
	return slices.Sorted(maps.Keys(of)), of
}

// matching returns the keys that a pattern matches, in which * stands for any characters
// but a slash.
func matching(pattern string, values map[string]any) (keys []string, of map[string]any, err error) {
	pattern = strings.TrimPrefix(pattern, "/")
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, nil, Problem("its pattern is malformed")
	}
	all, of := relative(values)
	for _, key := range all {
		if ok, _ := path.Match(pattern, key); ok {
			keys = append(keys, key)
		}
	}
	return keys, of, nil
}

// pathPairs returns what a pattern matches as a list of maps with Key and Value. The keys
// begin with base.
func pathPairs(base, pattern string, values map[string]any) ([]any, error) {
	keys, of, err := matching(pattern, values)
	pairs := make([]any, 0, len(keys))
	for _, key := range keys {
		pairs = append(pairs, map[string]any{"Key": path.Join("/", base, key), "Value": of[key]})
	}
	return pairs, err
}

// pathValues returns the sorted values of what a pattern matches.
func pathValues(pattern string, values map[string]any) ([]string, error) {
	keys, of, err := matching(pattern, values)
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, len(keys))
	for _, key := range keys {
		list = append(list, of[key])
	}
	return sortAlpha(list)
}

// pathNames returns the names directly below a path: keys, and folders of keys.
func pathNames(folder string, values map[string]any) []any {
	return namesBelow(folder, values, func(string) bool { return true })
}

// pathDirs returns the names directly below a path that have keys below them.
func pathDirs(folder string, values map[string]any) []any {
	return namesBelow(folder, values, func(below string) bool { return strings.Contains(below, "/") })
}

func namesBelow(folder string, values map[string]any, counts func(below string) bool) []any {
	if folder = strings.Trim(folder, "/"); folder != "" {
		folder += "/"
	}
	found := map[string]bool{}
	keys, _ := relative(values)
	for _, key := range keys {
		if below, ok := strings.CutPrefix(key, folder); ok && below != "" && counts(below) {
			name, _, _ := strings.Cut(below, "/")
			found[name] = true
		}
	}
	names := make([]any, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		names = append(names, name)
	}
	return names
}

// sortByLength sorts texts, or maps with Key, by length. Its order of equal lengths is that
// of confd, which does not keep the given one in lists of more than twelve.
func sortByLength(list any) ([]any, error) {
	given, err := items(list)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(given)
	lengths := byLength{all, make([]int, len(all))}
	for i, v := range all {
		if pair, ok := v.(map[string]any); ok {
			v = pair["Key"]
		}
		text, ok := v.(string)
		if !ok {
			return nil, Problem(described(v) + " in the list is not a string")
		}
		lengths.of[i] = len(text)
	}
	sort.Sort(lengths)
	return all, nil
}

type byLength struct {
	values []any
	of     []int
}

func (l byLength) Len() int           { return len(l.values) }
func (l byLength) Less(i, j int) bool { return l.of[i] < l.of[j] }
func (l byLength) Swap(i, j int) {
	l.values[i], l.values[j] = l.values[j], l.values[i]
	l.of[i], l.of[j] = l.of[j], l.of[i]
}
