package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/policy"
)

// The tables in rights.md are those that hints go by.
func TestRightsTable(t *testing.T) {
	page, err := os.ReadFile("rights.md")
	if err != nil {
		t.Fatal(err)
	}
	for service, rows := range map[string][][]string{
		"DynamoDB": {
			{"render", "plan", "pull", "exec", "daemon", "get"},
			{"put", "generate"}, {"edit"}, {"copy", "rollback"}, {"rotate"}, {"history"}, {"list"}, {"delete"}, {"getall", "export", "verify-store"}, {"import"}, {"prune"}, {"rekey"}, {"migrate"},
			{"encrypt"}, {"decrypt"}, {"setup"}, {"grant"}, {"grants"}, {"revoke"},
		},
		"S3":              {{"render", "plan", "exec", "daemon"}, {"get", "pull"}, {"put"}, {"list"}, {"delete"}, {"getall", "export"}},
		"SSM":             {{"render", "plan", "exec", "daemon", "get", "pull", "getall", "export"}, {"put"}, {"list"}, {"delete"}},
		"Secrets Manager": {{"render", "daemon"}, {"plan", "exec", "getall", "export"}, {"get", "pull"}, {"put"}, {"list"}, {"delete"}},
	} {
		if want := rightsTable(t, service, rows); !strings.Contains(string(page), want) {
			t.Errorf("rights.md lacks for %s:\n%s", service, want)
		}
	}
}

// rightsTable is a table of the rights to one service. The commands of a row take
// the same.
func rightsTable(t *testing.T, service string, rows [][]string) string {
	t.Helper()
	table := "| command | rights |\n|---|---|\n"
	for _, commands := range rows {
		row := ""
		for i, command := range commands {
			var rights []string
			for _, r := range policy.Rights(command, service) {
				rights = append(rights, "`"+strings.Join(r.Actions, "`, `")+"` on "+r.On)
			}
			text := strings.Join(rights, "; ")
			if i > 0 && text != row {
				t.Errorf("%s takes %s, and %s takes %s", commands[0], row, command, text)
			}
			row = text
		}
		table += "| `" + strings.Join(commands, "`, `") + "` | " + row + " |\n"
	}
	return table
}
