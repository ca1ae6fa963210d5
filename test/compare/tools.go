package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// credrender is this project's own.
type credrender struct{}

func (credrender) name() string   { return "credrender" }
func (credrender) can(setup) bool { return true }

func (credrender) version(context.Context, string) (string, error) { return "this tree", nil }

func (credrender) configure(dir string, s setup) ([]string, error) {
	job := map[string]any{"name": "app"}
	var files []map[string]any
	for _, f := range s.files {
		entry := map[string]any{"content": content(f, `secret "value"`), "dest": f.dest}
		put(entry, "mode", f.mode)
		put(entry, "check", s.check)
		files = append(files, entry)
	}
	job["files"] = files
	put(job, "verify", s.verify)
	if !s.hook.isZero() {
		job["hook"] = s.hook.value()
	}
	if s.timeout > 0 {
		job["timeout"] = s.timeout.String()
	}
	config := map[string]any{"state_dir": filepath.Join(dir, ".state"), "jobs": []any{job}}
	path := filepath.Join(dir, "credrender.yaml") // JSON is YAML
	return []string{"-c", path, "render", "--fixtures", filepath.Join(dir, valuesFile)}, writeJSON(path, config)
}

// consulTemplate is https://github.com/hashicorp/consul-template, -once. It
// has a command per template and neither check nor verify.
type consulTemplate struct{}

func (consulTemplate) name() string     { return "consul-template" }
func (consulTemplate) can(s setup) bool { return s.check == "" && s.verify == "" }

func (consulTemplate) version(ctx context.Context, bin string) (string, error) {
	line, err := firstLine(ctx, bin, "-v")
	return strings.TrimSuffix(line, " ()"), err
}

func (consulTemplate) configure(dir string, s setup) ([]string, error) {
	var templates []any
	for _, f := range s.files {
		entry := map[string]any{"contents": content(f, `env "VALUE"`), "destination": f.dest}
		put(entry, "perms", f.mode)
		if !s.hook.isZero() {
			hook := map[string]any{"command": s.hook.value()}
			if s.timeout > 0 {
				hook["timeout"] = s.timeout.String()
			}
			entry["exec"] = hook
		}
		templates = append(templates, entry)
	}
	path := filepath.Join(dir, "consul-template.json")
	return []string{"-config", path, "-once", "-log-level", "err"}, writeJSON(path, map[string]any{"template": templates})
}

// confdTool is https://github.com/abtreece/confd, --onetime. It has a reload
// per template, for the shell, and a check of the staged file.
type confdTool struct{}

func (confdTool) name() string     { return "confd (abtreece)" }
func (confdTool) can(s setup) bool { return s.verify == "" && len(s.hook.args) == 0 }

func (confdTool) version(ctx context.Context, bin string) (string, error) {
	return firstLine(ctx, bin, "--version")
}

func (confdTool) configure(dir string, s setup) ([]string, error) {
	top := filepath.Join(dir, "confd")
	for _, sub := range []string{"conf.d", "templates"} {
		if err := os.MkdirAll(filepath.Join(top, sub), 0o755); err != nil {
			return nil, err
		}
	}
	for i, f := range s.files {
		var b strings.Builder
		fmt.Fprintf(&b, "[template]\nsrc = \"%d.tmpl\"\ndest = %q\nkeys = [\"/value\"]\n", i, f.dest)
		for _, line := range [][2]string{{"mode", f.mode}, {"check_cmd", s.check}, {"reload_cmd", s.hook.shell}} {
			if line[1] != "" {
				fmt.Fprintf(&b, "%s = %s\n", line[0], strconv.Quote(line[1]))
			}
		}
		if s.timeout > 0 {
			fmt.Fprintf(&b, "reload_cmd_timeout = %q\n", s.timeout)
		}
		if err := os.WriteFile(filepath.Join(top, "conf.d", fmt.Sprintf("%d.toml", i)), []byte(b.String()), 0o600); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(top, "templates", fmt.Sprintf("%d.tmpl", i)), []byte(content(f, `getv "/value"`)), 0o600); err != nil {
			return nil, err
		}
	}
	return []string{"env", "--onetime", "--confdir", top, "--log-level", "error"}, nil
}

// content is the text of a template that prints the value, or fails over it.
// The comment keeps the templates of a pair apart: of two equal ones
// consul-template v0.41.1 renders the first alone.
func content(f file, value string) string {
	text := "{{ " + value + " }}\n{{/* " + filepath.Base(f.dest) + " */}}"
	if f.fails {
		text += `{{ if eq (` + value + `) "bad" }}{{ template "none" }}{{ end }}`
	}
	return text
}

// value is the command as all of the programs' configurations have it.
func (c command) value() any {
	if c.shell != "" {
		return c.shell
	}
	return c.args
}

func put(m map[string]any, key, value string) {
	if value != "" {
		m[key] = value
	}
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
