package terraform

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/credrender/credrender/examples/nginx"
	"github.com/credrender/credrender/test/clitest"
)

var binary string

func TestMain(m *testing.M) { os.Exit(clitest.Main(m, &binary)) }

const exampleDir = "examples/ec2-nginx"

const exampleInputs = `{
  "region": "eu-west-1",
  "binary_url": "https://downloads.example.com/credrender",
  "binary_sha256": "SUM",
  "allowed_cidrs": ["203.0.113.0/24"],
  "server_name": "www.example.org",
  "upstream": "app.example.org:9443"
}`

// userData is the instance's, with the sum of the binary.
func userData(t *testing.T, sum string) string {
	t.Helper()
	e := evaluate(t, exampleDir, values(t, strings.ReplaceAll(exampleInputs, "SUM", sum)), aws)
	return e.resolve("aws_instance.web").GetAttr("user_data").AsString()
}

var zeroes = strings.Repeat("0", 64)

// 16 KB before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
func TestUserDataFits(t *testing.T) {
	if n := len(userData(t, zeroes)); n >= 16<<10 {
		t.Errorf("user data has %d bytes, EC2 takes 16384", n)
	}
}

// What is not a name or a place in the config is the example's, word by word.
func TestUserDataHoldsTheExample(t *testing.T) {
	files := filesIn(t, userData(t, zeroes))
	for _, name := range []string{"nginx.conf.tmpl", "htpasswd.tmpl"} {
		want, err := nginx.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if files[name] != string(want) {
			t.Errorf("%s is not the example's", name)
		}
	}
	want, err := nginx.FS.ReadFile("credrender.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer(
		"server_name: www.example.com", "server_name: www.example.org",
		"upstream: app.internal.example.com:8443", "upstream: app.example.org:9443",
		"upstream_name: app.internal.example.com", "upstream_name: app.example.org",
	).Replace(string(want))
	if got := "region: eu-west-1\ntable: credential-store\n" + config; files["credrender.yaml"] != got {
		t.Errorf("credrender.yaml is\n%s\nwant\n%s", files["credrender.yaml"], got)
	}
}

var heredoc = regexp.MustCompile(`base64 -d > "\$root/etc/credrender/(.*)" <<'EOF'\n(.*)\nEOF\n`)

func filesIn(t *testing.T, script string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, m := range heredoc.FindAllStringSubmatch(script, -1) {
		b, err := base64.StdEncoding.DecodeString(m[2])
		if err != nil {
			t.Fatal(err)
		}
		files[m[1]] = string(b)
	}
	return files
}

// The names and contexts that the role may use are those of the example.
func TestExampleGrantsWhatTheTemplatesAsk(t *testing.T) {
	b := load(t, exampleDir).blocks["module.grant"]
	e := evaluate(t, exampleDir, values(t, strings.ReplaceAll(exampleInputs, "SUM", zeroes)), aws)
	web := e.value(b.Body.Attributes["readers"].Expr, nil).GetAttr("web")
	if got := encode(t, web.GetAttr("contexts")); got != `[{"Env":"prod","app.tier":"web"}]` {
		t.Errorf("contexts %s", got)
	}
	granted := map[string]bool{}
	for _, n := range web.GetAttr("names").AsValueSlice() {
		granted[n.AsString()] = true
	}
	asked := map[string]bool{}
	for _, text := range filesIn(t, userData(t, zeroes)) {
		for _, m := range regexp.MustCompile(`secret:? "?(web\.[a-z.]+)`).FindAllStringSubmatch(text, -1) {
			asked[m[1]] = true
			if !granted[m[1]] {
				t.Errorf("%s is asked for and not granted", m[1])
			}
		}
	}
	if len(asked) != len(granted) {
		t.Errorf("granted %v, asked for %v", granted, asked)
	}
}

// boot runs the user data below a folder. Programs that would change the
// machine are scripts that note their arguments; curl takes what is at the place of a
// binary; secrets are those of credrender demo, in its local store.
type boot struct{ root, programs, log string }

func newBoot(t *testing.T) boot {
	t.Helper()
	b := boot{t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "log")}
	b.program(t, "apt-get", `echo "apt-get $*" >> `+b.log)
	b.program(t, "curl", `while [ $# -gt 0 ]; do [ "$1" != -o ] || cp `+binary+` "$2"; shift; done`)
	return b
}

func (b boot) program(t *testing.T, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.programs, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// run replaces the config's owners, check and hook, which take root and nginx,
// and returns what the script printed and its exit code.
func (b boot) run(t *testing.T, sum string) (string, int) {
	t.Helper()
	config, err := nginx.Trial{Root: b.root, User: "www-data", Hook: "echo reloaded >> " + b.log}.Config()
	if err != nil {
		t.Fatal(err)
	}
	script := userData(t, sum)
	production := regexp.MustCompile(`(credrender\.yaml" <<'EOF'\n).*\n`)
	script = production.ReplaceAllString(script, "${1}"+base64.StdEncoding.EncodeToString(config)+"\n")
	store := filepath.Join(b.root, "demo")
	if out, code := clitest.Run(t.Context(), t, nil, "", binary, "demo", store); code != 0 {
		t.Fatalf("demo: %s", out)
	}
	return clitest.Run(t.Context(), t, []string{
		"PATH=" + b.programs + ":" + clitest.SystemPath, "ROOT=" + b.root,
		"CREDRENDER_STORE=local:" + filepath.Join(store, "store.db"), "CREDRENDER_STATE_DIR=" + filepath.Join(b.root, "state"),
	}, script, "sh")
}

func TestUserDataRuns(t *testing.T) {
	b := newBoot(t)
	if err := os.MkdirAll(filepath.Join(b.root, "etc", "nginx"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, code := b.run(t, sumOf(t, binary))
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	log := readText(t, b.log)
	if !strings.Contains(log, "apt-get install") || !strings.HasSuffix(log, "reloaded\n") {
		t.Errorf("it ran:\n%s", log)
	}
	for path, want := range map[string]string{
		"etc/nginx/nginx.conf":           "server_name www.example.com;",
		"etc/nginx/htpasswd":             "admin:$",
		"etc/nginx/tls.key":              "PRIVATE KEY",
		"etc/cron.d/credrender":          "*/5 * * * * root credrender render --splay 2m",
		"usr/local/bin/credrender":       "ELF",
		"etc/credrender/credrender.yaml": "jobs:",
	} {
		if got := readText(t, filepath.Join(b.root, path)); !strings.Contains(got, want) {
			t.Errorf("%s has no %q", path, want)
		}
	}
}

// A binary that is not the one that was stated is not installed, let alone run.
func TestUserDataRefusesAnotherBinary(t *testing.T) {
	b := newBoot(t)
	out, code := b.run(t, zeroes)
	if code == 0 {
		t.Errorf("exit code 0:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(b.root, "usr/local/bin/credrender")); err == nil {
		t.Error("the binary was installed")
	}
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	out, code := clitest.Run(t.Context(), t, nil, "", "sha256sum", path)
	if code != 0 {
		t.Fatal(out)
	}
	return strings.Fields(out)[0]
}
