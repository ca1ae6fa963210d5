package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// refreshEvery is how often the textfile is written while no job is due, so that
// its heartbeat distinguishes a live daemon from a dead one.
const refreshEvery = time.Minute

// WriteTextfile writes the metrics of a render without a daemon to path: those that come
// from the config and the state.
func WriteTextfile(path string, c *Config, version, goVersion string) error {
	return replaceFile(path, func(w io.Writer) error {
		st := c.stored()
		return write(w, slices.Concat(common(c, st, version, goVersion), jobMetrics(c.Jobs, st, nil), c.holdMetrics()))
	})
}

// refreshTextfile writes the textfile if it has become old.
func (d *Daemon) refreshTextfile() {
	d.textfile.Lock()
	isOld := d.o.Now().Sub(d.shown) >= refreshEvery
	d.textfile.Unlock()
	if isOld {
		d.writeTextfile()
	}
}

// writeTextfile writes the metrics for node_exporter's textfile collector.
func (d *Daemon) writeTextfile() {
	if d.o.Textfile == "" {
		return
	}
	d.textfile.Lock()
	defer d.textfile.Unlock()
	d.shown = d.o.Now()
	const what = "writing the textfile"
	if err := replaceFile(d.o.Textfile, d.WriteMetrics); err != nil {
		d.troubles.add(what, slog.LevelWarn, fmt.Sprintf("write metrics to %s: %v", d.o.Textfile, err))
		return
	}
	d.troubles.end(what, fmt.Sprintf("metrics are written to %s again", d.o.Textfile))
}

// replaceFile writes a file whole or not at all, since its reader may open it at
// any time.
func replaceFile(path string, content func(io.Writer) error) (err error) {
	defer func() {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err // without the name, which differs each time
		}
	}()
	// The collector reads only *.prom, so it ignores this file.
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	err = content(tmp)
	if err == nil {
		err = tmp.Chmod(0o644) // it has no secret, and its reader is another user
	}
	if errClose := tmp.Close(); err == nil {
		err = errClose
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
