package funcs_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// call calls a function of the table.
func call(t *testing.T, name string, args ...any) (any, error) {
	t.Helper()
	var in []reflect.Value
	for _, a := range args {
		in = append(in, reflect.ValueOf(a))
	}
	out := reflect.ValueOf(funcs.Table()[name].Impl).Call(in)
	if len(out) == 2 && !out[1].IsNil() {
		return nil, out[1].Interface().(error)
	}
	return out[0].Interface(), nil
}

func TestMapsOfPaths(t *testing.T) {
	values := map[string]any{"a/x": "1", "/a/y": "0", "a-b/z": "2", "a/x/deep": "3", "top": "4"}
	for _, c := range []struct {
		name string
		args []any
		want any
	}{
		{"pathPairs", []any{"/base", "a/*", values}, []any{map[string]any{"Key": "/base/a/x", "Value": "1"}, map[string]any{"Key": "/base/a/y", "Value": "0"}}},
		{"pathPairs", []any{"", "/none/*", values}, []any{}},
		{"pathValues", []any{"a/*", values}, []string{"0", "1"}},
		{"pathValues", []any{"a/[xz]", values}, []string{"1"}},
		{"pathNames", []any{"", values}, []any{"a", "a-b", "top"}},
		{"pathNames", []any{"/a/", values}, []any{"x", "y"}},
		{"pathDirs", []any{"", values}, []any{"a", "a-b"}},
		{"pathDirs", []any{"a", values}, []any{"x"}},
		{"pathDirs", []any{"top", values}, []any{}},
		{"pathValue", []any{"top", values}, "4"},
		{"sortByLength", []any{[]any{"ccc", "a", "bb"}}, []any{"a", "bb", "ccc"}},
	} {
		got, err := call(t, c.name, c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %v: %s", c.name, c.args, diff)
		}
	}
}

// A document by paths is text, with the digits of its numbers.
func TestPathMapOfADocument(t *testing.T) {
	doc, err := document.YAML("a: {b: [x, 1.10, true], none: null, big: 123456789012345678901}\n")
	if err != nil {
		t.Fatal(err)
	}
	got, err := call(t, "pathMap", doc)
	want := map[string]any{"/a/b/0": "x", "/a/b/1": "1.10", "/a/b/2": "true", "/a/big": "123456789012345678901"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestFaultsOfPaths(t *testing.T) {
	values := map[string]any{"a": "s3cret"}
	for _, c := range []struct {
		name string
		args []any
		want string
	}{
		{"pathValue", []any{"b", values}, "no such key"},
		{"pathPairs", []any{"", "[", values}, "pattern is malformed"},
		{"pathMap", []any{"s3cret"}, "not a map or list"},
		{"sortByLength", []any{[]any{1}}, "not a string"},
		{"sortByLength", []any{"s3cret"}, "not a list"},
	} {
		_, err := call(t, c.name, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
