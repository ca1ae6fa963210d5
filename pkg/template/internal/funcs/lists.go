package funcs

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// items returns the elements of a list.
func items(list any) ([]any, error) {
	if l, ok := list.([]any); ok {
		return l, nil
	}
	v := reflect.ValueOf(list)
	switch v.Kind() {
	case reflect.Invalid:
		return nil, Problem("no value where it takes a list; give one with: default list X")
	case reflect.Slice, reflect.Array:
		all := make([]any, v.Len())
		for i := range all {
			all[i] = v.Index(i).Interface()
		}
		return all, nil
	}
	return nil, Problem(described(list) + " is not a list")
}

func contains(list []any, item any) bool {
	return slices.ContainsFunc(list, func(v any) bool { return same(v, item) })
}

func has(item, list any) (bool, error) {
	if list == nil {
		return false, nil
	}
	all, err := items(list)
	return contains(all, item), err
}

// filtered returns the elements that keep chooses. kept are those before.
func filtered(list any, keep func(v any, kept []any) bool) ([]any, error) {
	all, err := items(list)
	if err != nil {
		return nil, err
	}
	kept := []any{}
	for _, v := range all {
		if keep(v, kept) {
			kept = append(kept, v)
		}
	}
	return kept, nil
}

func without(list any, omit ...any) ([]any, error) {
	return filtered(list, func(v any, _ []any) bool { return !contains(omit, v) })
}

func uniq(list any) ([]any, error) {
	return filtered(list, func(v any, kept []any) bool { return !contains(kept, v) })
}

func compact(list any) ([]any, error) {
	return filtered(list, func(v any, _ []any) bool { return !isEmpty(v) })
}

// slice is Sprig's, and text/template's own, which slices strings.
func slice(list any, indices ...any) (any, error) {
	s, isString := list.(string)
	v := reflect.ValueOf(list)
	if !isString && v.Kind() != reflect.Slice {
		if _, err := items(list); err != nil {
			return nil, err
		}
	}
	bounds := []int64{0, int64(v.Len())}
	if len(indices) > 2 {
		return nil, Problem("it takes two indices at most")
	}
	for i, index := range indices {
		n, err := Count(index)
		if err != nil {
			return nil, Argument(i+1, err)
		}
		bounds[i] = n
	}
	from, to := bounds[0], bounds[1]
	if from < 0 || from > to || to > int64(v.Len()) {
		return nil, Problem("an index is out of range")
	}
	if isString {
		return s[from:to], nil
	}
	return v.Slice(int(from), int(to)).Interface(), nil
}

// keys and values come in random order from Sprig: here sorted by key.
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

// get returns the value of a key, and nil where there is none, as index does:
// printing that is an error. Sprig's returns "", with which a misspelled key looks
// like an empty value.
func get(d map[string]any, key string) any { return d[key] }

// dict refuses a key without a value, and a duplicate key.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, Problem("it takes keys and values in turn: the last key has no value")
	}
	d := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, err := textOf(pairs[i])
		if err != nil {
			return nil, Argument(i, err)
		}
		if _, twice := d[key]; twice {
			return nil, &Failure{Text: "duplicate key " + key, Safe: "duplicate key"}
		}
		d[key] = pairs[i+1]
	}
	return d, nil
}

// merge fills in what dst does not have, and what is nil there. Sprig's also
// replaces 0, false and "" that dst states.
func merge(dst map[string]any, others ...map[string]any) map[string]any {
	return mergeInto(dst, others, false)
}

// mergeOverwrite puts all that the others have into dst.
func mergeOverwrite(dst map[string]any, others ...map[string]any) map[string]any {
	return mergeInto(dst, others, true)
}

// mergeInto goes on in maps that both have, unless they are one.
func mergeInto(dst map[string]any, others []map[string]any, overwrite bool) map[string]any {
	if dst == nil {
		dst = map[string]any{}
	}
	for _, src := range others {
		for k, v := range src {
			own, _ := dst[k].(map[string]any)
			below, isMap := v.(map[string]any)
			switch {
			case own != nil && isMap:
				if reflect.ValueOf(own).Pointer() != reflect.ValueOf(below).Pointer() {
					mergeInto(own, []map[string]any{below}, overwrite)
				}
			case overwrite || dst[k] == nil:
				dst[k] = v
			}
		}
	}
	return dst
}

// mergeDeep returns a new map with what all documents have. Of two values the last one
// wins, unless both are maps.
func mergeDeep(documents ...map[string]any) (map[string]any, error) {
	merged := map[string]any{}
	for i, d := range documents {
		if d == nil {
			return nil, Argument(i, Problem("nil, not a map; give one with: default dict X"))
		}
		mergeOverwrite(merged, DeepCopy(d).(map[string]any))
	}
	return merged, nil
}

// index is text/template's, which it does not export. It takes a count of any number
// type.
func index(item any, indexes ...any) (any, error) {
	v := reflect.ValueOf(item)
	for i, at := range indexes {
		v = indirect(v)
		switch v.Kind() {
		case reflect.String, reflect.Slice, reflect.Array:
			n, err := Count(at)
			if err != nil {
				return nil, Argument(i+1, err)
			}
			if n < 0 || n >= int64(v.Len()) {
				return nil, &Failure{Text: fmt.Sprintf("index out of range: %d", n), Safe: "an index is out of range"}
			}
			v = v.Index(int(n))
		case reflect.Map:
			key := reflect.ValueOf(at)
			if !key.IsValid() || !key.Type().AssignableTo(v.Type().Key()) {
				return nil, Argument(i+1, Problem(described(at)+", and the keys of the map are of type "+v.Type().Key().String()))
			}
			if found := v.MapIndex(key); found.IsValid() {
				v = found
			} else {
				v = reflect.Zero(v.Type().Elem())
			}
		case reflect.Invalid:
			return nil, Problem("index of nil (a missing key?)")
		default:
			return nil, Problem("it cannot index " + described(v.Interface()))
		}
	}
	if !v.IsValid() {
		return nil, nil
	}
	return v.Interface(), nil
}

// length is text/template's len.
func length(item any) (int, error) {
	switch v := indirect(reflect.ValueOf(item)); v.Kind() {
	case reflect.String, reflect.Slice, reflect.Array, reflect.Map:
		return v.Len(), nil
	case reflect.Invalid:
		return 0, Problem("len of nil (a missing key?)")
	default:
		return 0, Problem(described(v.Interface()) + " has no length")
	}
}

func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

// DeepCopy returns a copy of v with its own maps and lists.
func DeepCopy(v any) any {
	if v == nil {
		return nil
	}
	return copyValue(reflect.ValueOf(v)).Interface()
}

func copyValue(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type()).Elem()
		c.Set(copyValue(v.Elem()))
		return c
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			c.SetMapIndex(it.Key(), copyValue(it.Value()))
		}
		return c
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(copyValue(v.Index(i)))
		}
		return c
	}
	return v
}
