package main

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// jsonResults has an empty result of each command with -o json. The tags of its type
// describe the fields, for help and manual pages.
func jsonResults() map[string]any {
	return map[string]any{
		"plan": planReport{}, "lint": lintReport{}, "test": testReport{}, "doctor": doctorReport{}, "version": versionInfo{},
		"list": []listEntry{}, "history": []historyLine{}, "grants": []grantEntry{}, "status": []jobStatus{}, "verify-store": []finding{},
		"prune": []plannedAction{}, "rekey": []plannedAction{}, "migrate": []plannedAction{}, "delete": []plannedAction{}, "rotate": []plannedStep{},
	}
}

// jsonField is one field: its path as in jq, and its description.
type jsonField struct{ path, text string }

// jsonFields returns the fields of a command's -o json, or nil.
func jsonFields(command string) []jsonField {
	result, ok := jsonResults()[command]
	if !ok {
		return nil
	}
	return fieldsOf("", reflect.TypeOf(result))
}

func fieldsOf(path string, t reflect.Type) (list []jsonField) {
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		return fieldsOf(dotted(path)+"[]", t.Elem())
	case reflect.Pointer:
		return fieldsOf(path, t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return nil
		}
	default:
		return nil
	}
	for _, f := range reflect.VisibleFields(t) { // those of embedded structs too
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" {
			continue
		}
		at := path + "." + name
		list = append(list, jsonField{at, f.Tag.Get("doc")})
		list = append(list, fieldsOf(at, f.Type)...)
	}
	return list
}

// dotted returns the path of the whole result as jq writes it.
func dotted(path string) string { return cmp.Or(path, ".") }

// jsonText lists the fields of a command's -o json in lines of helpWidth.
func jsonText(command string) string {
	fields := jsonFields(command)
	width := 0
	for _, f := range fields {
		width = max(width, len(f.path))
	}
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintln(&b, strings.Join(hang(fmt.Sprintf("  %-*s  %s", width, f.path, f.text), helpWidth), "\n"))
	}
	return b.String()
}
