package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/store"
)

// namesMaxAge is how long names for completion are kept, so that one word takes one
// request.
const namesMaxAge = time.Minute

// refs returns the names of the store, or those of the source whose prefix the word has,
// and the prefixes of sources.
func (cp *completer) refs(_ []string, prefix string) []string {
	cfg, ok := cp.config()
	if !ok {
		return []string{}
	}
	all := []string{}
	source := backend.PrefixOf(cfg.Base.Store, prefix)
	if source == "" {
		all = cp.sources(nil, prefix)
	}
	ref, err := backend.ParseRef(cfg.Base.Store, pattern(source, prefix), "", nil)
	if err != nil {
		return all
	}
	t, err := cp.app.stores.Target(cfg.Base.Store, ref)
	if err != nil {
		return all
	}
	names, err := cp.cached(t, func() ([]string, error) { return someNames(cp.ctx, t) })
	if err != nil {
		return all
	}
	if source != "" && !strings.HasSuffix(source, ":") {
		source += ":"
	}
	for _, name := range names {
		if !strings.HasPrefix(name, source) {
			name = source + name
		}
		all = append(all, name)
	}
	return all
}

// overrides returns REF=@ for --override, whose FILE is the shell's to complete.
func (cp *completer) overrides(before []string, prefix string) []string {
	if strings.Contains(prefix, "=@") {
		return nil
	}
	names := cp.refs(before, prefix)
	for i, name := range names {
		if !strings.HasSuffix(name, ":") { // the prefix of a source
			names[i] = name + "=@"
		}
	}
	return names
}

// assignments returns VAR=REF for --env, once VAR is there.
func (cp *completer) assignments(before []string, prefix string) []string {
	variable, ref, ok := strings.Cut(prefix, "=")
	if !ok {
		return []string{}
	}
	names := cp.refs(before, ref)
	for i, name := range names {
		names[i] = variable + "=" + name
	}
	return names
}

// pattern returns the REF that lists the words that may follow. A store or a table lists
// everything, which the cache then keeps for the next word.
func pattern(source, prefix string) string {
	switch source {
	case "":
		return "*"
	case backend.SSM, "sm", "s3":
		return prefix + "*"
	}
	return source + ":*"
}

// someNames returns names of a target: of a table one page, elsewhere all that are listed
// in time.
func someNames(ctx context.Context, t *backend.Target) ([]string, error) {
	src, err := t.Source(ctx)
	if err != nil {
		return nil, err
	}
	if st, ok := src.(*store.Store); ok {
		return st.SomeNames(ctx)
	}
	entries, err := t.List(ctx)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return names, err
}

// cached returns the names in the runtime directory if they are recent, or lists them and
// keeps them there. Nothing but names is kept. Local stores answer at once.
func (cp *completer) cached(t *backend.Target, list func() ([]string, error)) ([]string, error) {
	path := cp.cachePath(t)
	if path == "" {
		return list()
	}
	if info, err := os.Lstat(path); err == nil && info.Mode() == 0o600 && time.Since(info.ModTime()).Abs() < namesMaxAge {
		var names []string
		if data, err := os.ReadFile(path); err == nil && json.Unmarshal(data, &names) == nil {
			return names, nil
		}
	}
	names, err := list()
	if err == nil {
		keepNames(path, names)
	}
	return names, err
}

// cachePath returns the file for a target's names, or "" if there is no private directory
// for it.
func (cp *completer) cachePath(t *backend.Target) string {
	a, place := cp.app, t.Store()
	dir := a.runtimeDir()
	if dir == "" || place.Kind == backend.Local || os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return ""
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != a.euid {
		return ""
	}
	place.Sources = nil
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%+v\n%s\n", place, t.Text())
	for _, kv := range a.environ { // what selects account, region and endpoint; no key
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "AWS_") && !strings.Contains(name, "SECRET") && !strings.Contains(name, "TOKEN") {
			_, _ = fmt.Fprintln(sum, kv)
		}
	}
	return filepath.Join(dir, "names-"+hex.EncodeToString(sum.Sum(nil)[:12])+".json")
}

// keepNames writes names to a file that only its owner reads. Without it the next word
// takes a request, so a failure is not reported.
func keepNames(path string, names []string) {
	if data, err := json.Marshal(names); err == nil {
		_ = replaceFile(path, data, 0o600)
	}
}

// profiles returns the profiles in the user's AWS configuration.
func (cp *completer) profiles([]string, string) []string {
	names := []string{}
	if _, ok := cp.config(); !ok {
		return names
	}
	path, ok := cp.app.lookupEnv("AWS_CONFIG_FILE")
	if !ok {
		path = filepath.Join(cp.app.home(), ".aws", "config")
	}
	data, err := cp.app.input.ReadFile(path)
	if err != nil {
		return names
	}
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	for lines.Scan() {
		section, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "[")
		if !ok {
			continue
		}
		names = append(names, strings.TrimPrefix(strings.TrimSuffix(section, "]"), "profile "))
	}
	return names
}
