package confd

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// job is a job of the config.
type job struct {
	Name    string   `yaml:"name"`
	Src     string   `yaml:"src"`
	Dest    string   `yaml:"dest"`
	Mode    string   `yaml:"mode,omitempty"`
	Owner   string   `yaml:"owner,omitempty"`
	Group   string   `yaml:"group,omitempty"`
	Format  string   `yaml:"format,omitempty"`
	Check   string   `yaml:"check,omitempty"`
	Hook    string   `yaml:"hook,omitempty"`
	Timeout string   `yaml:"timeout,omitempty"`
	Empty   []string `yaml:"allow_no_match,omitempty"`
}

// job makes a job of a resource.
func (r *result) job(res *resource, src string, patterns []string) job {
	t := &res.Template
	j := job{Name: res.name(), Src: src, Dest: t.Dest, Mode: t.Mode, Check: t.CheckCmd, Hook: t.ReloadCmd, Empty: patterns}
	j.Owner, j.Group = owner(t.Owner, t.UID), owner(t.Group, t.GID)
	left := func(key, what string) { r.left = append(r.left, Left{res.path, res.lineOf(key), key + ": " + what}) }
	switch t.OutputFormat {
	case "", "json", "yaml", "toml", "xml":
		j.Format = t.OutputFormat
	case "yml":
		j.Format = "yaml"
	default:
		left("output_format", "no such format")
	}
	switch {
	case t.CheckTime == "" || t.CheckTime == t.ReloadTime:
		j.Timeout = t.ReloadTime
	case t.ReloadTime == "":
		j.Timeout = t.CheckTime
	default:
		left("check_cmd_timeout", "a job has one timeout")
		j.Timeout = t.ReloadTime
	}
	j.Hook = destination().ReplaceAllString(j.Hook, quoted(t.Dest))
	if strings.Contains(j.Hook, "{{") {
		left("reload_cmd", "a hook has no {{.src}}: the staged file is no longer there")
		j.Hook = ""
	}
	return j
}

var destination = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{-?\s*\.dest\s*-?\}\}`) })

// quoted returns a path as a word of a shell, for ReplaceAllString.
func quoted(s string) string {
	return strings.ReplaceAll("'"+strings.ReplaceAll(s, "'", `'\''`)+"'", "$", "$$")
}

func owner(name string, id *int) string {
	if id != nil { // it comes first in confd too
		return strconv.Itoa(*id)
	}
	return name
}

// encode writes the config.
func encode(jobs []job, interval int) ([]byte, error) {
	config := struct {
		Schedule string `yaml:"schedule,omitempty"`
		Jobs     []job  `yaml:"jobs"`
	}{Jobs: jobs}
	if interval > 0 {
		config.Schedule = fmt.Sprintf("@every %ds", interval)
	}
	var b bytes.Buffer
	b.WriteString("# Converted from confd. Without a mode, a new file is 0600 here, and 0644 there.\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(config); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}
