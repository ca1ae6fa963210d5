package main

import (
	"maps"
	"slices"
	"strings"
)

// Texts that somebody else may choose.
const (
	// hostileLineStart begins the line that hostileText forges.
	hostileLineStart = "f0rged"
	// hostileText clears the screen, sets the clipboard (OSC 52), begins a control
	// sequence by C1, reverses the order of letters, and ends a line.
	hostileText = "h\x1b[2J\x1b]52;c;QUJD\x07\u009b31m\u202e\u2066\u200b\u2028\r\n" + hostileLineStart + ": \x7fx"
	// hostileBytes is not UTF-8: a C1 character of 8 bits.
	hostileBytes = "h\x9b2J\xff" + hostileText
	// hostileZero holds what no argument and no file name can.
	hostileZero = "z\x00" + hostileText
)

// hostileLine is one command line.
type hostileLine struct {
	link    string
	args    []string
	stdin   string
	env     []string
	stop    bool // it runs until it is told to stop
	raw     bool // its standard output is the peer's format, byte for byte
	generic bool // made by hostileWords
}

// hostileLines are the lines of TestCanary, with hostile names and contexts in place of
// their own, and lines for what only this test plants.
func hostileLines() map[string][]hostileLine {
	all := map[string][]hostileLine{}
	names := strings.NewReplacer("db.password", hostileText, "env=prod", hostileText+"="+hostileText, "gone", "gone"+hostileText, "app.tmpl", hostileText+".tmpl")
	for command, lines := range canaryLines() {
		for _, l := range lines {
			h := hostileLine{link: l.link, stdin: l.stdin, stop: l.stop, raw: l.link != "" || command == "credstash" || command == "credsmash"}
			for _, word := range l.args {
				h.args = append(h.args, names.Replace(word))
			}
			all[command] = append(all[command], h)
		}
	}
	maps.Copy(all, map[string][]hostileLine{"__complete": {
		plain("__complete", "get", ""), plain("__complete", "get", "ssm:/"), plain("__complete", "get", "s3://b/"), plain("__complete", "get", "sm:"),
		plain("__complete", "hold", "-c", "jobs.yaml", ""), plain("__complete", "-p", ""), plain("__complete", "get", hostileText, ""), plain("__complete", hostileBytes, ""),
	}})
	for command, lines := range hostileOwn() {
		all[command] = append(all[command], lines...)
	}
	return all
}

func plain(args ...string) hostileLine { return hostileLine{args: args} }

// verbatim is of a line whose standard output is data in a format that has no escapes for
// all characters: what export and getall print is for files and programs.
func verbatim(args ...string) hostileLine { return hostileLine{args: args, raw: true} }

// hostileOwn are lines for what this test plants.
func hostileOwn() map[string][]hostileLine {
	h := hostileText
	all := map[string][]hostileLine{
		"list":         {plain("list"), plain("list", "-o", "json"), plain("list", "ssm:/*"), plain("list", "sm:*"), plain("list", "s3://b/*"), plain("list", "s3://b/*", "-o", "json"), plain("list", "sm:*", "-o", "json")},
		"getall":       {plain("getall", "--partial"), plain("getall", "ssm:/*"), verbatim("getall", "ssm:/*", "-o", "yaml"), plain("getall", "sm:doc#*"), plain("getall", "s3://b/*"), plain("getall", h+"="+h)},
		"get":          {plain("get", h, h+"="+h), plain("get", h+"ver"), plain("get", h+"digest"), plain("get", h+"broken"), plain("get", "ssm:/"+h), plain("get", "sm:doc#"+h), plain("get", "s3://b/"+h)},
		"history":      {plain("history", h), plain("history", h, "-o", "json"), plain("history", h+"ver"), plain("history", "ssm:/"+h), plain("history", "ssm:/"+h, "-o", "json"), plain("history", "sm:doc")},
		"export":       {plain("export", h+"="+h, "-o", "dotenv"), plain("export", h+"="+h, "-o", "csv"), plain("export", "--dry-run", h+"="+h), plain("export", "ssm:/*", "-o", "json"), plain("export", "ssm:/*", "-o", "dotenv"), plain("export", "ssm:/*", "-o", "properties"), verbatim("export", "ssm:/*", "-o", "csv"), verbatim("export", "ssm:/*", "-o", "tsv"), plain("export", "ssm:/*", "-o", "tfvars"), plain("export", "ssm:/*", "-o", "shell"), verbatim("export", "ssm:/*", "-o", "yaml")},
		"import":       {plain("import", "hostile.json"), plain("import", "hostile.json", "--dry-run"), plain("import", "hostile.yaml"), plain("import", "hostile.env"), plain("import", "hostile.csv"), plain("import", "--from", h+"="+h), plain("import", "hostile.json", "--into", "sm:doc#")},
		"exec":         {plain("exec", "--env-prefix", "*", "--", "true"), plain("exec", "--env-prefix", "ssm:/*", "--", "true"), plain("exec", "--env-prefix", "sm:doc#*", "--", "true"), plain("exec", "--env", "A="+h+"?x=y", "--", "true"), plain("exec", "--env-file", "hostile.env", "--", "true"), plain("exec", "--", h)},
		"render":       {plain("render", "-c", "hostile.jobs.yaml"), plain("render", "-c", "bad.yaml"), plain("render", "-c", "bad2.yaml"), plain("render", "-c", "bad3.yaml"), plain("render", "--fixtures", "hostile.yaml", "names.tmpl:out"), plain("render", "--vars", "bad.yaml", "names.tmpl"), plain("render", "names.tmpl:out2"), plain("render", "fail.hostile.tmpl:out3"), plain("render", "folder:folder.out"), plain("render", "-c", "hostile.jobs.yaml", "--hook", h)},
		"plan":         {plain("plan", "-c", "hostile.jobs.yaml"), plain("plan", "names.tmpl:out"), plain("plan", "folder:folder.out2"), plain("plan", "plain.tmpl:old")},
		"lint":         {plain("lint", "names.tmpl"), plain("lint", "-o", "json", "names.tmpl"), plain("lint", "-o", "github", "names.tmpl", "fail.hostile.tmpl"), plain("lint", "-o", "sarif", "names.tmpl"), plain("lint", "-c", "bad.yaml"), plain("lint", "-c", "hostile.jobs.yaml", "-o", "github"), plain("lint", "-c", "hostile.jobs.yaml")},
		"policy":       {plain("policy", "names.tmpl"), plain("policy", "-c", "hostile.jobs.yaml"), plain("policy", "--account", h, "names.tmpl")},
		"doctor":       {plain("doctor", "names.tmpl"), plain("doctor", "-c", "hostile.jobs.yaml", "--all")},
		"status":       {plain("status", "-c", "hostile.jobs.yaml"), plain("status", "-c", "hostile.jobs.yaml", "-o", "json"), plain("status", "--all"), plain("status", "-c", "hostile.jobs.yaml", "--html", "hostile.html"), plain("status", "-c", "hostile.jobs.yaml", "--check"), plain("status", "--forget", h)},
		"hold":         {plain("hold", "-c", "hostile.jobs.yaml", "hooked", "--for", "1s", "--reason", h), plain("hold", h)},
		"run-hook":     {plain("run-hook", "-c", "hostile.jobs.yaml", "hooked")},
		"convert":      {plain("convert", "hostile.j2"), plain("convert", "hostile.toml"), plain("convert", "hostile.json")},
		"test":         {plain("test", "hostile.test.yaml", "--junit", "hostile.xml"), plain("test", "-v", "hostile.test.yaml"), plain("test", "bad.test.yaml")},
		"verify-store": {plain("verify-store"), plain("verify-store", "-o", "json"), plain("verify-store", h+"="+h)},
		"grants":       {plain("grants"), plain("grants", "-o", "json"), plain("grants", h)},
		"prune":        {plain("prune", "--keep", "1", "--dry-run")},
		"migrate":      {plain("migrate", "--dry-run"), plain("migrate", "--dry-run", h+"="+h)},
		"rekey":        {plain("rekey", "--dry-run", "--partial"), plain("rekey", "--dry-run", h+"="+h)},
		"delete":       {plain("delete", h, "--dry-run"), plain("delete", "ssm:/"+h, "--dry-run"), plain("delete", "s3://b/"+h, "--dry-run")},
		"copy":         {plain("copy", h, h+"2", h+"="+h), plain("copy", h, "ssm:/"+h+"2", h+"="+h), plain("copy", h, h+"3", h+"="+h, "--dry-run")},
		"daemon":       {{args: []string{"daemon", "-c", "hostile.jobs.yaml"}, stop: true}, {args: []string{"daemon", "-c", "bad.yaml"}, stop: true}},
		"decrypt":      {{args: []string{"decrypt", "-", h + "=" + h}, stdin: h}},
	}
	for _, name := range []string{"CREDRENDER_" + "TABLE", "CREDRENDER_REGION", "CREDRENDER_STORE", "CREDRENDER_PROFILE", "CREDRENDER_ARN", "CREDRENDER_TIMEOUT", "CREDRENDER_KEY", "CREDRENDER_CONFIG", "CREDRENDER_X" + h, "AWS_PROFILE", "AWS_REGION", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "HTTPS_PROXY", "HTTP_PROXY", "HOME", "EDITOR", "CREDSTASH_DEFAULT_TABLE", "AWS_RETRY_MODE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_USE_FIPS_ENDPOINT", "CREDRENDER_GRANT_TOKEN", "TZ"} {
		for _, args := range [][]string{{"get", "x"}, {"doctor"}, {"edit", h, h + "=" + h}, {"setup", "--dry-run"}} {
			if name == "EDITOR" && args[0] == "edit" { // the shell prints that it is not found
				continue
			}
			all["get"] = append(all["get"], hostileLine{args: args, env: []string{name + "=" + hostileBytes}})
		}
	}
	for _, program := range []string{"credstash", "credsmash"} {
		for _, args := range [][]string{{h}, {"get", h}, {"get", h, h + "=" + h}, {"get", h + "ver"}, {"get", h + "broken"}, {"get", hostileBytes}, {"getall"}, {"getall", h + "=" + h}, {"list"}, {"list", h}, {"put", h, h}, {"put", h, "v", "-v", h}, {"put", h, "@" + h}, {"delete", "gone" + h}, {"-t", h, "list"}, {"-r", h, "list"}, {"--config", h, "list"}, {"-n", h}, {"--" + h}, {"render-template", h, "out"}, {"render-template", "hostile.j2", "out"}, {"render-templates", "hostile.json"}, {"find-one", h}, {"prune", h}, {"put-many", "hostile.json"}, {"get-all"}} {
			all[program] = append(all[program], hostileLine{link: program, args: slices.Clone(args), raw: true})
		}
	}
	return all
}
