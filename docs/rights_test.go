package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/policy"
)

// The table of rights in access.md is the one that hints go by.
func TestRightsTable(t *testing.T) {
	page, err := os.ReadFile("access.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "| command | rights |\n|---|---|\n"
	for _, commands := range [][]string{
		{"render", "plan", "pull", "exec", "daemon", "get"}, {"put"}, {"list"}, {"delete"}, {"getall", "export", "verify-store"}, {"import"}, {"prune"}, {"rekey"}, {"migrate"},
		{"encrypt"}, {"decrypt"}, {"setup"}, {"grant"}, {"grants"}, {"revoke"},
	} {
		row := ""
		for i, command := range commands {
			var rights []string
			for _, r := range policy.Rights(command, "DynamoDB") {
				rights = append(rights, "`"+strings.Join(r.Actions, "`, `")+"` on "+r.On)
			}
			text := strings.Join(rights, "; ")
			if i > 0 && text != row {
				t.Errorf("%s takes %s, and %s takes %s", commands[0], row, command, text)
			}
			row = text
		}
		want += "| `" + strings.Join(commands, "`, `") + "` | " + row + " |\n"
	}
	if !strings.Contains(string(page), want) {
		t.Errorf("access.md has not:\n%s", want)
	}
}
