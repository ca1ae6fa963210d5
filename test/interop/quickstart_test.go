//go:build interop

package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands of quickstart-aws.md, copied from the page, in an empty account of moto
// with Amazon's own command line, lead to a rotated password. They are at most ten.
func TestQuickStartOnAWS(t *testing.T) {
	page := readFile(t, "../../docs/quickstart-aws.md")
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```(console|sh)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(block[2]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok || block[1] == "sh" {
				commands = append(commands, command)
			}
		}
	}
	counted := 0
	for _, command := range commands {
		if !strings.HasPrefix(command, "export ") && !strings.HasPrefix(command, "cat ") {
			counted++
		}
	}
	if counted < 8 || counted > 9 {
		t.Errorf("%d commands: %q", counted, commands)
	}
	a, home := newAccount(t), t.TempDir()
	setup := `aws iam create-role --role-name web --assume-role-policy-document '{"Version":"2012-10-17","Statement":[]}' >/dev/null` + "\n"
	check := "aws iam get-role-policy --role-name web --policy-name credrender --query PolicyDocument >policy.json\ncredrender get db.password env=prod >now\nprintf 'password=%s\\n' \"$(cat now)\" >want\ncmp want app.conf\ncredrender history db.password >versions\n"
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-ec", setup+strings.Join(commands, "")+check)
	cmd.Dir = home
	cmd.Env = append(a.env, "HOME="+home, "CREDRENDER_STATE_DIR="+filepath.Join(home, "state"), "RUNTIME_DIRECTORY="+filepath.Join(home, "run"),
		"PATH="+filepath.Dir(binary)+":"+filepath.Dir(program(t, "aws"))+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(readFile(t, filepath.Join(home, "policy.json")), "kms:Decrypt") {
		t.Error("the attached policy does not allow kms:Decrypt")
	}
	if versions := readFile(t, filepath.Join(home, "versions")); !strings.Contains(versions, "0000000000000000002") {
		t.Errorf("the password has not been rotated:\n%s", versions)
	}
	if hooks := readFile(t, filepath.Join(home, "hook.log")); strings.Count(hooks, "reload") != 2 {
		t.Errorf("hooks: %q", hooks)
	}
}
