package main

import "github.com/spf13/cobra"

// canaryLine is one command line.
type canaryLine struct {
	link    string // the name of the program, if it is another
	args    []string
	stdin   string
	result  bool // a value is what it prints
	partial bool // ... even where it fails
	stop    bool // it runs until it is told to stop
}

func line(args ...string) canaryLine { return canaryLine{args: args} }

// prints is of a line whose standard output is the value.
func prints(args ...string) canaryLine { return canaryLine{args: args, result: true} }

func fed(stdin string, args ...string) canaryLine { return canaryLine{args: args, stdin: stdin} }

func linked(program string, args ...string) canaryLine { return canaryLine{link: program, args: args} }

// canaryLines are lines of each command, by the command.
func canaryLines() map[string][]canaryLine {
	value := canaryValues()[0].value
	all := map[string][]canaryLine{
		"get":          {prints("get", "db.password", "env=prod"), line("get", "db.password"), line("get", "db.password", "env=other"), line("get", "gone"), prints("get", "doc", "env=prod")},
		"getall":       {prints("getall", "env=prod"), line("getall"), line("getall", "env=other"), {args: []string{"getall", "--partial"}, result: true, partial: true}},
		"put":          {line("put", "new", value, "env=prod"), fed(value, "put", "new", "-", "env=prod"), fed(value, "put", "new", "-", "env=prod", "--version", "1"), fed(value, "put", "new", "-", "env=prod", "--if-changed"), fed(value, "put", "ssm:/new", "-"), fed(value, "put", "sm:new", "-"), fed(value, "put", "sm:new#key", "-"), fed(value, "put", "s3://b/new", "-", "env=prod")},
		"list":         {line("list"), line("list", "db*")},
		"delete":       {line("delete", "gone"), line("delete", "new"), line("delete", "sm:new")},
		"generate":     {line("generate", "new", "env=prod"), line("generate", "db.password", "env=prod", "--if-absent"), line("generate", "new", "--format", "ed25519", "--public", "new.pub"), prints("generate", "new", "--print"), line("generate", "ssm:/new")},
		"edit":         {line("edit", "doc", "env=prod"), line("edit", "doc"), line("edit", "number", "env=other"), line("edit", "gone", "--create")},
		"history":      {line("history", "db.password"), line("history", "db.password", "-o", "json"), line("history", "gone")},
		"copy":         {line("copy", "doc", "doc2", "env=prod"), line("copy", "doc", "ssm:/doc", "env=prod"), line("copy", "doc", "doc3"), line("copy", "doc", "doc3", "env=prod", "--dry-run"), line("copy", "doc", value)},
		"rollback":     {line("rollback", "doc", "--to", "1", "env=prod"), line("rollback", "doc", "--to", "1"), line("rollback", "doc", "--to", "7", "env=prod")},
		"rotate":       canaryRotations(value),
		"prune":        {line("prune", "--keep", "1", "--dry-run"), line("prune", "--keep", "1", "--dry-run", "-o", "json"), line("prune", "--keep", "1")},
		"rekey":        {line("rekey", "--dry-run", "env=prod"), line("rekey", "env=prod"), line("rekey", "env=other")},
		"migrate":      {line("migrate", "--dry-run", "env=prod"), line("migrate", "env=prod")},
		"verify-store": {line("verify-store", "env=prod"), line("verify-store"), line("verify-store", "env=other", "-o", "json")},
		"import": {
			line("import", "secrets.json", "env=prod", "--dry-run"), line("import", "secrets.json", "env=prod"), line("import", "broken.json"), line("import", "broken.yaml"), line("import", "secrets.json", "--into", "sm:doc#"),
			line("import", "broken.env"), line("import", "kinds.json"), fed(`{"a":"c4n4ry-on-stdin"`, "import", "-"), line("import", "--from", "table=credential-store", "--from", "region=eu-west-1", "env=prod", "--dry-run"),
		},
		"export":        {line("export", "env=prod", "--file", "out.yaml"), line("export", "--file", "out.json"), line("export", "env=prod", "--to", "table=credential-store", "--to", "region=eu-west-1", "--dry-run"), prints("export", "env=prod")},
		"encrypt":       {line("encrypt", "secrets.json", "env=prod"), fed(value, "encrypt", "-"), line("encrypt", "gone")},
		"decrypt":       {line("decrypt", "secrets.json", "env=prod"), fed(value, "decrypt", "-")},
		"setup":         {line("setup", "--dry-run"), line("setup", "--update", "--dry-run")},
		"grant":         {line("grant", "arn:aws:iam::123456789012:role/r", "--read", "env=prod"), line("grant", "r", "--read", "env=prod")},
		"grants":        {line("grants"), line("grants", "r")},
		"revoke":        {line("revoke", "r", "--read", "env=prod"), line("revoke", "0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60")},
		"policy":        {line("policy", "app.tmpl")},
		"doctor":        {line("doctor"), line("doctor", "-c", "jobs.yaml", "--all"), line("doctor", "-c", "jobs.yaml", "--all", "-o", "json"), line("doctor", "derived.tmpl")},
		"version":       {line("version"), line("version", "-o", "json")},
		"convert":       {line("convert", "app.j2"), line("convert", "derived.j2"), line("convert", "secrets.json")},
		"demo":          {line("demo", "demo")},
		"explain":       {line("explain", "mode"), line("explain", "gone")},
		"config":        {line("config")},
		"config schema": {line("config", "schema"), line("config", "schema", "--tests")},
		"init":          {line("init", "first", "--store", "local"), line("init", "first"), line("init", "second", "--dest", "relative")},
		"test":          {line("test"), line("test", "-o", "json"), line("test", "--color", "always"), line("test", "-v", "--junit", "report.xml", "ok.test.yaml"), line("test", "broken.yaml"), line("test", "broken.test.yaml")},
		"pull": {
			line("pull", "tls.key", "env=prod", "pulled"), line("pull", "tls.key", "pulled"), line("pull", "gone", "pulled"),
			line("pull", "tls.key", "env=prod", "pulled2", "--hook", "cat pulled2; base64 pulled2; xxd -p pulled2 2>/dev/null; exit 1"),
			line("pull", "tls.key", "env=prod", "pulled3", "--check", "cat {{.src}}; exit 1"), line("pull", "tls.key", "env=prod", "/nowhere/at/all"),
		},
		"recover":    {line("recover")},
		"run-hook":   {line("run-hook", "-c", "jobs.yaml", "app"), line("run-hook", "-c", "jobs.yaml", "gone")},
		"hold":       {line("hold", "-c", "jobs.yaml", "app", "--for", "1s", "--reason", "test"), line("hold", "-c", "jobs.yaml", "--end", "app"), line("hold", "-c", "jobs.yaml", "app")},
		"status":     {line("status"), line("status", "-o", "json"), line("status", "--html", "-"), line("status", "-c", "jobs.yaml", "--html", "status.html"), line("status", "-c", "jobs.yaml", "--check"), line("status", "--check", "--all")},
		"exec":       {line("exec", "--env", "PW=db.password?env=prod", "--override", "db.password=@secrets.json", "--", "true"), line("exec", "--env", "PW=db.password?env=prod", "--override", "gone=@secrets.json", "--", "true"), line("exec", "--env", "PW=db.password?env=prod", "--", "true"), line("exec", "--env", "PW=db.password", "--", "true"), line("exec", "--env", "PW=db.password", "--env-context", "PW:env=prod", "--", "true"), line("exec", "--env", "PW=db.password", "env=prod", "--", "true"), line("exec", "--env", "PW=db.password?env=prod", "--", "c4n4ry-not-there"[1:]), line("exec", "--env-file", "broken.env.tmpl", "--", "true"), line("exec", "--env-prefix", "*?env=prod", "--", "true"), line("exec", "--watch", "@hourly", "--env", "PW=db.password?env=prod", "--", "true"), line("exec", "--watch", "@hourly", "--env", "PW=db.password", "--", "true")},
		"daemon":     {{args: []string{"daemon", "-c", "jobs.yaml"}, stop: true}},
		"docs man":   {line("docs", "man", "man")},
		"docs":       {line("docs")},
		"completion": {line("completion")},
		"help":       {line("help"), line("help", "put")},
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		all["completion "+shell] = []canaryLine{line("completion", shell)}
	}
	for _, name := range canaryTemplates() {
		all["render"] = append(all["render"], line("render", "--context", "env=prod", name+":out-"+name))
		all["plan"] = append(all["plan"], line("plan", "--context", "env=prod", name+":out-"+name))
		all["lint"] = append(all["lint"], line("lint", "--context", "env=prod", name))
	}
	all["render"] = append(all["render"], line("render", "-c", "jobs.yaml"), line("render", "app.tmpl:out"), line("render", "--fixtures", "broken.yaml", "app.tmpl"), line("render", "--vars", "broken.yaml", "app.tmpl"),
		canaryLine{args: []string{"render", "--context", "env=prod", "app.tmpl"}, result: true},
		line("render", "-c", "jobs.yaml", "--override", "db.password=@secrets.json"), line("render", "-c", "jobs.yaml", "--override", "gone=@secrets.json"), line("render", "app.tmpl", "--override", "db.password="+value),
		line("render", "derived.tmpl:out-derived", "--context", "env=prod", "--override", "db.password=@secrets.json"))
	all["plan"] = append(all["plan"], line("plan", "-c", "jobs.yaml", "--override", "db.password=@secrets.json"), line("plan", "-c", "jobs.yaml"), line("plan", "-c", "jobs.yaml", "-o", "json"), line("plan", "-c", "jobs.yaml", "--color", "always"), line("plan", "app.tmpl:out-app.tmpl", "--context", "env=prod"))
	all["lint"] = append(all["lint"], line("lint", "-c", "jobs.yaml"), line("lint", "broken.yaml"), line("lint", "-o", "json", "fail.tmpl"), line("lint", "-o", "sarif", "required.tmpl"), line("lint", "-o", "github", "--strict", "json.tmpl"), line("lint", "--fixtures", "broken.yaml", "json.tmpl"))
	all["credstash"] = credstashLines(value)
	all["credsmash"] = credsmashLines(value)
	return all
}

// canaryRotations are rotations whose commands print the values that they get.
func canaryRotations(value string) []canaryLine {
	const leak = `cat; cat <&3 | base64; exit 1`
	rotate := func(args ...string) canaryLine {
		return fed("c4n4ry-candidate-value", append([]string{"rotate", "number"}, args...)...)
	}
	return []canaryLine{
		rotate("-", "env=prod", "--apply", leak, "--verify", "true", "--unapply", "true"), rotate("-", "env=prod", "--verify", leak, "--unapply", leak), rotate("env=prod", "--abort"),
		rotate("-", "env=prod", "--verify", "true", "--revoke", leak), rotate("-", "env=prod", "--verify", "true", "--dry-run"),
		rotate("env=prod", "--verify", "true", "--wait-for", leak, "--wait-interval", "1ms", "--wait-timeout", "5ms"), rotate("env=prod", "--verify", "true"),
		rotate(value, "--verify", "true"), rotate("-"), line("rotate", "doc", "--verify", "true"), line("rotate", "gone", "--verify", "true"),
	}
}

func credstashLines(value string) []canaryLine {
	lines := []canaryLine{line("credstash", "list")}
	for _, args := range [][]string{
		{"delete", "gone"}, {"get", "db.password"}, {"get", "db.password", "env=other"}, {"get", "gone"}, {"getall"}, {"keys"}, {"list"},
		{"put", "new", value, "env=prod"}, {"put", "new", value, "env=prod", "-v", "1"}, {"putall", `{"a":"c4n4ry-on-the-line"`}, {"putall", `{"a":["c4n4ry-on-the-line"]}`}, {"setup"},
	} {
		lines = append(lines, linked("credstash", args...))
	}
	return append(lines, canaryLine{link: "credstash", args: []string{"get", "db.password", "env=prod"}, result: true})
}

func credsmashLines(value string) []canaryLine {
	lines := []canaryLine{line("credsmash", "list")}
	for _, args := range [][]string{
		{"list"}, {"get", "gone"}, {"delete", "gone"}, {"delete-many", "gone*"}, {"find-one", "gone*"}, {"find-many", "gone*"}, {"get", "gone", "out"}, {"get-all", "out.json"},
		{"prune", "gone"}, {"prune-many", "gone*"}, {"put-many", "broken.json"}, {"put-many", "kinds.json"}, {"put-many", "secrets.json"}, {"setup-dynamodb"},
		{"render-template", "app.j2", "out"}, {"render-template", "derived.j2", "out"}, {"render-template", "--secrets-file", "secrets.json", "derived.j2", "out"},
		{"render-template", "--secrets-file", "broken.json", "derived.j2", "out"}, {"render-template", "--secrets-file", "secrets.json", "error.j2", "out"}, {"render-templates", "--secrets-file", "secrets.json", "manifest.json"},
	} {
		lines = append(lines, linked("credsmash", args...))
	}
	return append(lines, canaryLine{link: "credsmash", args: []string{"put", "new", "-"}, stdin: value})
}

// canaryTemplates are those of canaryFiles that render and plan meet.
func canaryTemplates() []string {
	return []string{"app.tmpl", "derived.tmpl", "fail.tmpl", "convert.tmpl", "json.tmpl", "file.tmpl", "index.tmpl", "regex.tmpl", "required.tmpl", "context.tmpl", "printf.tmpl", "key.tmpl"}
}

func canaryFiles() map[string]string {
	const secret = `(secret "db.password")`
	return map[string]string{
		"app.tmpl":        `{{ secret "db.password" }} {{ secret "doc" | fromJson | toYaml }}` + "\n",
		"derived.tmpl":    `{{ secret ` + secret + ` }}{{ ssm (printf "/%s" ` + secret + `) }}{{ s3object (printf "b/%s" ` + secret + `) }}`,
		"fail.tmpl":       `{{ fail ` + secret + ` }}`,
		"convert.tmpl":    `{{ secret "number" | int }}{{ secret "number" | toDate "2006-01-02" }}{{ ` + secret + ` | b64dec }}`,
		"json.tmpl":       `{{ (secret "broken" | fromJson).password }}{{ (secret "doc" | fromJson).c4 }}`,
		"file.tmpl":       `{{ file (secret "file.name") }}`,
		"index.tmpl":      `{{ index (dict "a" 1) ` + secret + ` 1 }}{{ index (list 1) (secret "number") }}`,
		"regex.tmpl":      `{{ mustRegexMatch (printf "(%s" ` + secret + `) "x" }}`,
		"required.tmpl":   `{{ if ` + secret + ` }}{{ template "gone" . }}{{ end }}`,
		"context.tmpl":    `{{ secret "db.password" (dict "env" ` + secret + `) }}{{ secret "db.password" (printf "env=%s" ` + secret + `) }}`,
		"printf.tmpl":     `{{ printf "%d" ` + secret + ` }}{{ add 1 ` + secret + ` }}{{ ` + secret + `.Field }}`,
		"key.tmpl":        `{{ secret "tls.key" | trunc 40 | fromJson }}{{ htpasswd "u:x" (secret "tls.key") }}`,
		"broken.env.tmpl": `A B={{ secret "db.password" (dict "env" "prod") }}` + "\n",
		"ok.test.yaml": `template: app.tmpl
cases:
  - {name: differs, fixtures: {secret: {db.password: c4n4ry-fixture, doc: "{}"}}, want_text: "c4n4ry-expected {}"}
  - {name: missing, fixtures: {secret: {db.password: c4n4ry-fixture}}, want_text: "c4n4ry-expected"}
  - {name: wrong, fixtures: {secret: {db.password: x, doc: "{c4n4ry-fixture"}}, want_error: not this}
  - {name: passes, fixtures: {}, want_error: not found}
`,
		"broken.test.yaml": "template: app.tmpl\ncases:\n  - {name: a, fixtures: {secret: {db.password: [c4n4ry-fixture]}}, want_text: c4n4ry-expected, want: c4n4ry-expected}\n",
		"jobs.yaml": `context: {env: prod}
textfile: metrics/credrender.prom
schedule: "@every 1h"
jobs:
  - {name: app, src: app.tmpl, dest: $DIR/app.conf, verify: "cat $DIR/app.conf; exit 1"}
  - {name: key, secret: tls.key, dest: $DIR/key.pem, mode: "0600", format: json}
  - {name: pem, secret: tls.key, dest: $DIR/key2.pem, format: pem, hook: "sed s/^/x/ $DIR/key2.pem; exit 3"}
  - {name: derived, src: derived.tmpl, dest: $DIR/derived}
  - {name: doc, content: '{{ secret "broken" }}', format: json, dest: $DIR/doc.json}
  - {name: yaml, content: '{{ secret "tls.key" }}', format: yaml, dest: $DIR/doc.yaml}
  - {name: toml, content: '{{ secret "tls.key" }}', format: toml, dest: $DIR/doc.toml}
  - {name: env, content: '{{ secret "tls.key" }}', format: env, dest: $DIR/doc.env}
  - {name: pair, files: [{secret: tls.key, dest: $DIR/a.crt}, {secret: tls.key, dest: $DIR/a.key}], keypairs: [{cert: $DIR/a.crt, key: $DIR/a.key}]}
`,
		"secrets.json":  `{"s":"c4n4ry-in-a-file","t":"c4n4ry-two"}`,
		"broken.json":   `{"s":"c4n4ry-in-a-file",` + "\n" + `"c4n4ry-bare`,
		"kinds.json":    `{"s":["c4n4ry-in-a-list"],"c4":{"x":"c4n4ry-deep"}}`,
		"broken.yaml":   "s: c4n4ry-in-yaml: x\n  - c4n4ry: [\n",
		"broken.env":    "A='c4n4ry-in-env\nB C4 c4n4ry\n",
		"app.j2":        "{{ secrets.s }}\n",
		"derived.j2":    "{{ secrets[secrets.s] }}\n",
		"error.j2":      "{{ secrets.s + 1 }}{{ secrets.s.x.y }}{{ {}[secrets.s].z }}\n",
		"manifest.json": `[{"source":"derived.j2","destination":"one"},{"secret":"gone","destination":"two"}]`,
	}
}

// newRoot returns the command line with all commands.
func newRoot(a *app) *cobra.Command { return newRootWith(a, commands(), true) }
