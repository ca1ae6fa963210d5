package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Hold is an operator's brake: until it ends, neither the daemon nor a render of
// the config touches the job.
type Hold struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// Active reports whether the hold has not ended. One that begins in the future was
// set before the clock was set back; it counts, since its end does.
func (h Hold) Active(now time.Time) bool { return now.Before(h.Until) }

// held is the file of one hold. Each job has its own, so that setting a hold needs
// no lock: an operator must not wait for the very run that is to be the last.
type held struct {
	Version int    `json:"version"`
	Machine string `json:"machine"` // hash
	ID      string `json:"id"`
	Hold
}

const (
	holdPrefix = "hold-"
	holdSuffix = ".json"
)

func holdFile(id string) string { return holdPrefix + hash(id) + holdSuffix }

// Holds returns the holds that are active, by the ids of the jobs. Those that were
// set on another machine do not count. Files that cannot be understood are
// *[CorruptError]s in the joined error, beside the holds that can.
func (d *Dir) Holds(now time.Time) (map[string]Hold, error) {
	if d.fd < 0 {
		return nil, nil
	}
	names, err := d.o.FS.Names(d.fd)
	if err != nil {
		return nil, &fs.PathError{Op: "list", Path: d.o.Dir, Err: err}
	}
	all := map[string]Hold{}
	var errs []error
	for _, name := range names {
		if !strings.HasPrefix(name, holdPrefix) || !strings.HasSuffix(name, holdSuffix) {
			continue
		}
		h, err := d.loadHold(name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // ended just now: a reader has no lock
		case err != nil:
			errs = append(errs, &CorruptError{path.Join(d.o.Dir, name), err})
		case h.Machine == hash(d.o.Machine) && h.Active(now):
			all[h.ID] = h.Hold
		}
	}
	return all, errors.Join(errs...)
}

func (d *Dir) loadHold(name string) (h held, err error) {
	data, err := d.read(name)
	if err == nil {
		_, err = formatOf(data)
	}
	if err == nil {
		err = json.Unmarshal(data, &h)
	}
	if err == nil && holdFile(h.ID) != name {
		err = fmt.Errorf("it contains job %q", h.ID)
	}
	return h, err
}

// SetHold holds a job, in place of a hold that there is.
func (d *Dir) SetHold(id string, h Hold) error {
	data, err := json.MarshalIndent(held{formatVersion, hash(d.o.Machine), id, h}, "", " ")
	if err != nil {
		return fmt.Errorf("encode the hold: %w", err)
	}
	return d.write(holdFile(id), data)
}

// EndHold ends the hold of a job, if there is one.
func (d *Dir) EndHold(id string) error { return d.remove(holdFile(id)) }
