package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// facts returns what the metrics need of a config: its jobs, their state and holds, and
// its hash and age.
func (a *app) facts(cfg *config.Config) *daemon.Config {
	c := &daemon.Config{
		Jobs:    cfg.Jobs,
		Records: func() ([]state.Record, error) { return a.records(cfg) },
		Holds:   func() (map[string]state.Hold, error) { return a.daemonHolds(cfg) },
	}
	hash := sha256.New()
	for _, f := range cfg.Read.Files {
		_, _ = fmt.Fprintf(hash, "%q%q", f.Path, f.Data)
		if info, err := os.Stat(f.Path); err == nil && info.ModTime().After(c.Modified) {
			c.Modified = info.ModTime()
		}
	}
	c.Hash = hex.EncodeToString(hash.Sum(nil)[:6])
	return c
}

// writeTextfile writes the metrics of a render that no daemon started. A failure is
// only a warning, because the rendered files are right.
func (a *app) writeTextfile(cfg *config.Config) {
	path := cfg.Settings.Textfile
	if path == "" || a.snapshot != nil || len(cfg.Jobs) == 0 {
		return
	}
	err := a.checkTextfile(cfg)
	if err == nil {
		err = daemon.WriteTextfile(path, a.facts(cfg), version(), runtime.Version())
	}
	if err != nil {
		a.log.Warn(fmt.Sprintf("write metrics to %s: %v", path, err))
	}
}

// usage returns this process's requests to AWS.
func (a *app) usage() daemon.Usage {
	var u awsconfig.Usage
	if a.stores.Meter != nil {
		u = a.stores.Meter.Usage()
	}
	return daemon.Usage{Requests: u.Requests, Retries: u.Retries, Throttled: u.Throttled, ReadUnits: u.ReadUnits}
}
