package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/manual"
	"github.com/credrender/credrender/pkg/template"
)

// tablePage is a page with a section for each group of rows.
type tablePage struct {
	manual.Page
	group string
}

func (p *tablePage) add(group string, row ...string) {
	if group != p.group || len(p.Blocks) == 0 {
		p.group = group
		p.Blocks = append(p.Blocks, manual.Block{Kind: manual.Heading, Level: 2, Text: manual.Escape(group)}, manual.Block{Kind: manual.Table})
	}
	last := &p.Blocks[len(p.Blocks)-1]
	last.Rows = append(last.Rows, row)
}

func (p *tablePage) note(text string) {
	p.Blocks = append(p.Blocks, manual.Block{Kind: manual.Paragraph, Text: text})
}

// functionsPage lists the functions of templates by group.
func functionsPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Functions of templates"}}
	p.note("`credrender explain NAME` shows an example and what it prints. A value from a pipe is the last argument.")
	for _, f := range template.Functions() {
		p.add(f.Group, manual.Quote(f.Call()), manual.Escape(f.Summary))
	}
	return p.Page
}

// functionsInFull adds to each function what explain tells.
func functionsInFull() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Functions of templates"}}
	p.note("A value from a pipe is the last argument. ↵ is a line break.")
	for _, f := range template.Functions() {
		f = f.Evaluate(context.Background())
		row := []string{manual.Quote(f.Call()), manual.Escape(f.Summary)}
		if len(f.Aliases) > 0 {
			row = append(row, "Also called: "+manual.Escape(strings.Join(f.Aliases, ", ")))
		}
		if f.Volatile {
			row = append(row, "Returns a different value on every run, which rewrites the file each time.")
		}
		if f.Example != "" {
			row = append(row, "Example: "+manual.Quote(f.Example))
		}
		if f.Result != "" {
			row = append(row, "Prints: "+manual.Quote(f.Result))
		}
		p.add(f.Group, row...)
	}
	return p.Page
}

// keysPage lists the keys of the config by section.
func keysPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Keys of the config and of test files"}}
	p.note("`credrender explain NAME` shows kind, default and an example.")
	for _, k := range config.Keys() {
		p.add(sectionTitle(k.Section), manual.Quote(k.Name), manual.Escape(k.Does))
	}
	return p.Page
}

// keysInFull adds to each key what explain tells.
func keysInFull() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Keys of the config and of test files"}}
	p.note("↵ is a line break.")
	for _, k := range config.Keys() {
		does := manual.Escape(k.Does)
		if k.Required {
			does += " Required."
		}
		row := []string{manual.Quote(k.Name), does, "Kind: " + manual.Escape(string(k.Kind))}
		if k.Default != "" {
			row = append(row, "Default: "+manual.Escape(k.Default))
		}
		p.add(sectionTitle(k.Section), append(row, "Example: "+manual.Quote(k.Name+": "+k.Example))...)
	}
	return p.Page
}

// optionsPage lists the global flags.
func optionsPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Global flags"}}
	p.note("Each is also a variable of the environment, and a key of the config unless noted. A flag overrides the environment, which overrides the config.")
	keys := map[string]bool{}
	for _, k := range config.Keys() {
		keys[k.Path()] = true
	}
	for _, f := range config.Flags() {
		name, does := "--"+f.Name, f.Usage
		value := ""
		if before, rest, ok := strings.Cut(does, "`"); ok {
			word, after, _ := strings.Cut(rest, "`")
			does, value = before+word+after, " "+word
		}
		if f.Short != "" {
			name = "-" + f.Short + ", " + name
		}
		row := []string{manual.Quote(name + value), manual.Escape(capital(does)) + "."}
		if f.Default != "" {
			row[1] += " Default: " + manual.Escape(f.Default) + "."
		}
		row = append(row, "Variable: "+f.Env())
		if !keys[f.Key()] {
			row[2] += "; no key of the config"
		}
		p.add("Flags", row...)
	}
	return p.Page
}

// exitMeanings describes the exit codes, for the help of the root command and the topic
// exit-codes.
func exitMeanings() []exitMeaning {
	return []exitMeaning{
		{exitOK, "done", "Everything is as it should be. Nothing is printed if nothing changed."},
		{exitFailed, "failed", "AWS is unreachable or throttles, a file cannot be written, an item fails its integrity check, a value cannot be converted, another run holds the lock, a signal interrupted the command. Files stay as they were."},
		{exitUsage, "bad usage, config or template", "Nothing was requested or written. The message has file, line and key. Trying again without a change does not help."},
		{exitSecret, "a secret is missing or refused", "The store has no such secret, a pattern matches nothing, or AWS denies access, has the key disabled or finds another context. The message names every such secret."},
		{exitRefused, "a check or verify refused the new files (the old ones stay in place)", "A check, format, keypairs or verify failed, or prune would remove too much. In rotate: --verify refused the candidate."},
		{exitHook, "all files are in place but a hook failed (it stays pending)", "The next run tries it again, even if no file changes. In rotate: the new value is in force, and --wait-for or --revoke failed."},
	}
}

type exitMeaning struct {
	code            int
	short, explains string
}

// exitCodesLine lists the codes in one sentence.
func exitCodesLine() string {
	var parts []string
	for _, m := range exitMeanings() {
		parts = append(parts, fmt.Sprintf("%d %s", m.code, m.short))
	}
	return "Exit codes: " + strings.Join(parts, ", ") + "."
}

func exitCodesPage() manual.Page {
	var rows [][]string
	for _, m := range exitMeanings() {
		rows = append(rows, []string{strconv.Itoa(m.code), manual.Escape(capital(m.short) + ". " + m.explains)})
	}
	var order []string
	for _, code := range severity {
		if code != exitOK {
			order = append(order, strconv.Itoa(code))
		}
	}
	return manual.Page{Title: "Exit codes", Blocks: []manual.Block{
		{Kind: manual.Table, Rows: rows},
		{Kind: manual.Heading, Level: 2, Text: "Several failures"},
		{Kind: manual.Paragraph, Text: "If failures have different codes, the command exits with the first of these that occurred: " + strings.Join(order, ", ") + "."},
		{Kind: manual.Heading, Level: 2, Text: "Commands with codes of their own"},
		{Kind: manual.Table, Rows: [][]string{
			{"plan --detailed-exitcode", fmt.Sprintf("0 nothing would change, %d something would change, 1 any error.", exitChanges)},
			{"lint --strict", "2 if there are warnings."},
			{"status --check", "1 if a job failed, has a pending hook or is too old."},
			{"test", "1 if a case fails, 2 if a test file is wrong."},
			{"exec", "The exit code of the program, once it has started."},
			{"credstash, credsmash", "0 done, 1 failed, 2 bad usage, as those programs."},
		}},
	}}
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// The variables that credrender reads, or gives to a command, besides those of the
// settings. A test compares the list with the code.
type systemVariable struct{ group, name, does string }

const (
	varsOwn      = "Other variables of credrender"
	varsCommands = "Given to commands"
	varsAWS      = "AWS"
	varsSystem   = "The system"
)

func systemVariables() []systemVariable {
	return []systemVariable{
		{varsOwn, completionOff, "off: completion neither reads the config nor asks a store."},
		{varsOwn, "CREDSTASH_DEFAULT_TABLE", "The table if nothing else selects one, as in credstash."},
		{varsOwn, "CREDSMASH_CONFIG", "The config file of credsmash, for 'credrender credsmash'."},

		{varsCommands, "CREDRENDER_JOB", "The job of a check, verify or hook."},
		{varsCommands, "CREDRENDER_CHANGED", "The changed files of a verify or hook, one a line."},
		{varsCommands, "CREDRENDER_STEP", "The step of a rotation that the command is for."},
		{varsCommands, "CREDRENDER_SECRET", "The secret that is rotated."},
		{varsCommands, "CREDRENDER_VERSION", "The version in force when the rotation began."},
		{varsCommands, "CREDRENDER_LOCK", "The lock of the run that started the command: a hook that starts another render is refused."},

		{varsAWS, "AWS_REGION", "The region, as --region. AWS_DEFAULT_REGION is read after it."},
		{varsAWS, "AWS_DEFAULT_REGION", "The region if AWS_REGION is not set."},
		{varsAWS, "AWS_PROFILE", "The profile, as --profile."},
		{varsAWS, "AWS_ACCESS_KEY_ID", "Credentials, with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. All other ways of the AWS SDK work too: SSO, web identity, credential_process, containers, instances."},
		{varsAWS, "AWS_CONFIG_FILE", "The shared config, instead of ~/.aws/config."},
		{varsAWS, "AWS_SHARED_CREDENTIALS_FILE", "The shared credentials, instead of ~/.aws/credentials."},
		{varsAWS, "AWS_LOGIN_CACHE_DIRECTORY", "The directory of the sessions of 'aws login'."},
		{varsAWS, "AWS_ENDPOINT_URL", "The endpoint of all services; AWS_ENDPOINT_URL_DYNAMODB and its like, of one."},
		{varsAWS, "AWS_CA_BUNDLE", "Certificates to trust instead of the system's."},
		{varsAWS, "AWS_EC2_METADATA_DISABLED", "true: instance metadata is not asked for."},

		{varsSystem, "HTTPS_PROXY", "The proxy. NO_PROXY lists hosts to reach without it."},
		{varsSystem, "SSL_CERT_FILE", "Certificates to trust; SSL_CERT_DIR is a directory of them. Without these and without the system's, those in the program are used."},
		{varsSystem, "SSL_CERT_DIR", "See SSL_CERT_FILE."},
		{varsSystem, "HOME", "Where ~/.aws and the directories of XDG are by default, and HOME of checks and hooks."},
		{varsSystem, "XDG_STATE_HOME", "Where the state directory is by default, except root's. Default: ~/.local/state."},
		{varsSystem, "XDG_DATA_HOME", "Where the local store is by default. Default: ~/.local/share."},
		{varsSystem, "XDG_RUNTIME_DIR", "Where a reboot clears what is kept: the key of fingerprints, names for completion, the file of an editor."},
		{varsSystem, "RUNTIME_DIRECTORY", "The same, set by systemd."},
		{varsSystem, "TMPDIR", "Where edit puts the editor's file if there is no XDG_RUNTIME_DIR."},
		{varsSystem, "PATH", "Where exec finds the program. Checks and hooks get a short system PATH instead."},
		{varsSystem, "VISUAL", "The editor of edit, before EDITOR."},
		{varsSystem, "EDITOR", "The editor of edit."},
		{varsSystem, "TZ", "The time zone of schedules and of what is printed."},
		{varsSystem, "TERM", "dumb: no progress and no colors are shown."},
		{varsSystem, "NO_COLOR", "Any value: no colors are shown, unless --color always is given."},
		{varsSystem, "JOURNAL_STREAM", "Set by systemd: log lines for the journal carry no time, and their level in its form."},
		{varsSystem, "NOTIFY_SOCKET", "Set by systemd: where the daemon reports its state."},
		{varsSystem, "WATCHDOG_USEC", "Set by systemd: how often the daemon reports that it is alive."},
		{varsSystem, "WATCHDOG_PID", "Set by systemd: the process that WATCHDOG_USEC is for."},
		{varsSystem, "ECS_CONTAINER_METADATA_URI_V4", "Set by ECS: the task is what state belongs to."},
		{varsSystem, "GOGC", "Go's garbage collector. If it or GOMEMLIMIT is set, credrender does not tune it."},
		{varsSystem, "GOMEMLIMIT", "See GOGC."},
	}
}

// environmentPage lists the variables.
func environmentPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Environment"}}
	p.note("A variable of a setting overrides the key of the config, and its flag overrides the variable. An empty variable counts as not set.")
	for _, v := range config.Variables() {
		p.add("Settings", manual.Quote(v.Name), manual.Escape(v.Does))
	}
	for _, v := range systemVariables() {
		p.add(v.group, manual.Quote(v.name), manual.Escape(v.does))
	}
	return p.Page
}
