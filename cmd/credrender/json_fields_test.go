package main

import (
	"slices"
	"strings"
	"testing"
)

// Every command with -o json has its fields described, each with a text.
func TestJSONFieldsAreDescribed(t *testing.T) {
	described := jsonResults()
	for _, c := range commands() {
		f := c.make(newApp(nil, nil, nil)).Flags().Lookup("output")
		valuesByName := []string{"getall", "import", "export"}
		prints := f != nil && slices.Contains(choicesOf(f), "json") && !slices.Contains(valuesByName, c.name)
		if has := described[c.name] != nil; has != prints {
			t.Errorf("%s: -o takes json: %t; fields described: %t", c.name, prints, has)
		}
		for _, field := range jsonFields(c.name) {
			if field.text == "" || strings.HasSuffix(field.path, ".") {
				t.Errorf("%s: %s has no text", c.name, field.path)
			}
		}
	}
}

func TestJSONFieldPaths(t *testing.T) {
	got := []string{}
	for _, f := range jsonFields("plan") {
		got = append(got, f.path)
	}
	for _, want := range []string{".jobs", ".jobs[].files[].diff", ".jobs[].files[].rights.mode", ".summary.hooks"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s in %q", want, got)
		}
	}
	if first := jsonFields("lint")[1].path; first != ".findings[].file" {
		t.Errorf("the embedded place: %s", first)
	}
	if first := jsonFields("list")[0].path; first != ".[].name" {
		t.Errorf("a list: %s", first)
	}
}
