package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/supervise"
)

// This file is the child of exec --watch: what it is told, and what it reports before
// it becomes CMD. No value crosses the pipe.

// watchGreeting is what the supervisor tells a child.
type watchGreeting struct {
	Key    []byte // of the fingerprints
	Config config.Snapshot
}

// watchReport is what a child tells the supervisor.
type watchReport struct {
	Seen   render.Seen
	Files  []string // read
	Dests  []string // of --file
	Opaque bool
	// Env and Content are keyed fingerprints: of the variables, and of the files of
	// --file.
	Env, Content string
}

// watched is the connection of a child to its supervisor.
type watched struct {
	parent *supervise.Parent
	key    []byte
}

// asWatched makes this process the child of exec --watch.
func (a *app) asWatched(supervisor int) (*watched, error) {
	parent, line, err := supervise.Inherit(supervisor)
	if err != nil {
		return nil, usagef("--supervised is for exec --watch only: %w", err)
	}
	var g watchGreeting
	if err := json.Unmarshal(line, &g); err != nil {
		return nil, usagef("--supervised is for exec --watch only: %w", err)
	}
	a.snapshot = &g.Config
	return &watched{parent, g.Key}, nil
}

// report tells the supervisor what CMD would get, and waits whether this process is
// to become CMD.
func (w *watched) report(ctx context.Context, made prepared) (bool, error) {
	r := watchReport{Seen: made.Seen, Files: made.Files, Opaque: made.Opaque}
	vars := hmac.New(sha256.New, w.key)
	for _, v := range slices.SortedFunc(slices.Values(made.vars), func(x, y variable) int { return strings.Compare(x.name, y.name) }) {
		fmt.Fprintf(vars, "%s=%s\x00", v.name, v.value) // a variable holds no zero byte
	}
	content := hmac.New(sha256.New, w.key)
	for i, f := range made.job.Files {
		if f.Dest == "" {
			continue // of a variable
		}
		r.Dests = append(r.Dests, f.Dest)
		fmt.Fprintf(content, "%q %d ", f.Dest, len(made.Outputs[i].Bytes))
		content.Write(made.Outputs[i].Bytes)
	}
	r.Env, r.Content = hex.EncodeToString(vars.Sum(nil)), hex.EncodeToString(content.Sum(nil))
	data, err := json.Marshal(r)
	if err == nil {
		err = w.parent.Report(data)
	}
	if err != nil {
		return false, fmt.Errorf("report to the supervisor: %w", err)
	}
	return w.parent.Await(ctx), nil
}

// newWatchKey returns a key for fingerprints.
func newWatchKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (https://pkg.go.dev/crypto/rand#Read)
	return key
}
