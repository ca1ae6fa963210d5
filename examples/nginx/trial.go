package nginx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Trial is the example moved below a folder. Rendering needs --root Root then,
// since the config keeps the destinations that it has on a server.
type Trial struct {
	// Root is the folder, absolute. nginx keeps its logs, process id and
	// temporary files below it too.
	Root string
	// HTTP and HTTPS are what nginx listens on, such as 127.0.0.1:8443. Like
	// the two below, they stay as the example has them where empty.
	HTTP, HTTPS string
	// Upstream is the address of the application, UpstreamName the name in
	// its certificate.
	Upstream, UpstreamName string
	// User is who nginx's workers run as, and then no file is given to another
	// owner or group. Empty: www-data, which takes root.
	User string
	// Verify and Hook are shell commands in place of those that speak to the
	// machine's own nginx; empty: none.
	Verify, Hook string
}

// Write puts the config and its templates into Root/etc/credrender, makes the
// folders that nginx expects, and returns the path of the config.
func (t Trial) Write() (string, error) {
	for _, dir := range []string{"etc/nginx", "run", "var/log/nginx", "var/lib/nginx"} {
		if err := os.MkdirAll(filepath.Join(t.Root, dir), 0o755); err != nil {
			return "", fmt.Errorf("make folder: %w", err)
		}
	}
	dir := filepath.Join(t.Root, "etc", "credrender")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	config, err := t.Config()
	if err != nil {
		return "", err
	}
	if err := copyTemplates(dir); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "credrender.yaml")
	if err := os.WriteFile(path, config, 0o644); err != nil {
		return "", fmt.Errorf("write config: %w", err)
	}
	return path, nil
}

func copyTemplates(dir string) error {
	names, err := fs.Glob(FS, "*.tmpl")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := FS.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("write template: %w", err)
		}
	}
	return nil
}

// Config returns credrender.yaml with what the trial changes, and nothing
// else: comments and order stay.
func (t Trial) Config() ([]byte, error) {
	text, err := FS.ReadFile("credrender.yaml")
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("parse credrender.yaml: %w", err)
	}
	jobs := find(doc.Content[0], "jobs")
	if jobs == nil || len(jobs.Content) != 1 {
		return nil, errors.New("credrender.yaml has not exactly one job")
	}
	t.change(jobs.Content[0])
	return yaml.Marshal(&doc)
}

func (t Trial) change(job *yaml.Node) {
	vars := map[string]string{
		"prefix": t.Root, "http": t.HTTP, "https": t.HTTPS, "user": t.User,
		"upstream": t.Upstream, "upstream_name": t.UpstreamName,
	}
	for key, value := range vars {
		if value != "" {
			set(find(job, "vars"), key, value)
		}
	}
	set(job, "verify", t.Verify)
	set(job, "hook", t.Hook)
	if t.User == "" {
		return
	}
	for _, file := range find(job, "files").Content {
		set(file, "owner", "")
		set(file, "group", "")
	}
}

// find returns the value under key of a mapping, or nil.
func find(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// set replaces a value that is there; an empty one removes the key.
func set(mapping *yaml.Node, key, value string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value != key {
			continue
		}
		if value == "" {
			mapping.Content = append(mapping.Content[:i], mapping.Content[i+2:]...)
			return
		}
		mapping.Content[i+1].SetString(value)
		return
	}
}
