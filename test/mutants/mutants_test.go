package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Every bug still fits the code that it is to be put back into.
func TestBugsApply(t *testing.T) {
	const root = "../.."
	for set, least := range map[string]int{"chaos": 10, "fuzz": 5, "security": 40} {
		all, err := load(root, set)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) < least {
			t.Errorf("%s: %d bugs, want %d", set, len(all), least)
		}
		for _, m := range all {
			text, err := os.ReadFile(filepath.Join(root, m.file))
			if err == nil {
				_, err = m.apply(string(text))
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
}
