package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"time"
)

// Outcome is the result of a run that left nothing in the job's [Record], because it
// could not be started, crashed or was killed. Only the daemon knows of it.
type Outcome struct {
	At    time.Time `json:"at"`
	Code  int       `json:"code"`
	Error string    `json:"error"`
}

// Over returns r with the outcome as its last run, if the recorded run is older.
func (o Outcome) Over(r Record) Record {
	if o.Code != 0 && o.At.After(r.LastRun) {
		r.LastRun, r.Result = o.At, Result{Code: o.Code, Error: o.Error}
	}
	return r
}

// outcomes is the content of the daemon's file. Only the daemon writes it, without a
// lock.
type outcomes struct {
	Version int                `json:"version"`
	Machine string             `json:"machine"` // hash
	Jobs    map[string]Outcome `json:"jobs"`    // by id
}

const outcomesName = "daemon.json"

// Outcomes returns what the daemon of this machine has stored, by job ID.
func (d *Dir) Outcomes() (map[string]Outcome, error) {
	data, err := d.read(outcomesName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var o outcomes
	if _, err := formatOf(data); err != nil {
		return nil, &CorruptError{path.Join(d.o.Dir, outcomesName), err}
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, &CorruptError{path.Join(d.o.Dir, outcomesName), err}
	}
	if o.Machine != hash(d.o.Machine) {
		return nil, nil
	}
	return o.Jobs, nil
}

// SetOutcomes replaces the stored outcomes. Without any it removes the file.
func (d *Dir) SetOutcomes(jobs map[string]Outcome) error {
	if len(jobs) == 0 {
		return d.remove(outcomesName)
	}
	data, err := json.MarshalIndent(outcomes{formatVersion, hash(d.o.Machine), maps.Clone(jobs)}, "", " ")
	if err != nil {
		return fmt.Errorf("encode the daemon's outcomes: %w", err)
	}
	return d.write(outcomesName, data)
}

// formatOf returns the format of a state file, or an error if this package cannot read
// that format.
func formatOf(data []byte) (int, error) {
	var v struct{ Version int }
	switch err := json.Unmarshal(data, &v); {
	case err != nil:
		return 0, err
	case v.Version > formatVersion:
		return 0, fmt.Errorf("%w: format version %d, and this one reads up to %d", ErrNewer, v.Version, formatVersion)
	case v.Version < 1:
		return 0, fmt.Errorf("format version %d is not 1 to %d", v.Version, formatVersion)
	}
	return v.Version, nil
}
