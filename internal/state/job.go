package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/txn"
)

// Job is the state of one job. It implements [txn.Journal]. Changing it needs
// the [Lock].
type Job struct {
	dir     *Dir
	file    string
	rec     Record
	written []byte // the file's content; nil: there is none
	foreign bool
	dropped *PendingHook
}

var _ txn.Journal = (*Job)(nil)

// Job opens the state of one job, of which there may be none yet.
//
// State that another machine made is not believed: the pending hook, trace,
// refusals and fingerprints are dropped, finally so at the next write (Foreign
// and DroppedHook tell). State of this machine for another account, region,
// table or role loses its trace, refusals and inputs alone: everything is looked
// at anew, and the pending hook stays pending. The journal of a transaction is
// kept in any case, since files are where they are. A file that cannot be read
// or understood is a *[CorruptError].
func (d *Dir) Job(id, name string, where Identity) (*Job, error) {
	machine := d.o.Machine
	fresh := Record{
		Version: formatVersion, ID: id, Name: name, Machine: hash(machine),
		Identity: where.hash(machine), Account: where.accountHash(machine),
	}
	j, err := d.load(jobFile(id))
	if errors.Is(err, fs.ErrNotExist) {
		return &Job{dir: d, file: jobFile(id), rec: fresh}, nil
	}
	if err != nil {
		return nil, err
	}
	old := j.rec
	if fresh.Account == "" {
		fresh.Account = old.Account
	}
	isSame := where.isOf(old, machine) && (old.Account == "" || old.Account == fresh.Account)
	switch {
	case old.Machine != "" && old.Machine != fresh.Machine:
		j.foreign, j.dropped = true, old.PendingHook
		if j.dropped == nil && old.Txn.HookPending {
			j.dropped = &PendingHook{}
		}
		j.rec = fresh
		j.rec.Txn = old.Txn
		j.rec.Txn.HookPending = false
	case isSame:
		j.rec.Version, j.rec.Machine, j.rec.Identity, j.rec.Account = fresh.Version, fresh.Machine, fresh.Identity, fresh.Account
	default:
		j.foreign, j.rec = true, fresh
		j.rec.Txn, j.rec.PendingHook, j.rec.Files, j.rec.Left = old.Txn, old.PendingHook, old.Files, old.Left
		j.rec.LastRun, j.rec.LastChange, j.rec.Result = old.LastRun, old.LastChange, old.Result
	}
	j.rec.Name = name
	return j, nil
}

// Jobs returns every job that has state, by id: for recovery, for status, and
// for the pending hooks of jobs that are gone. Files that cannot be read or understood
// are *[CorruptError]s in the joined error ([Damaged]), beside the jobs that can.
func (d *Dir) Jobs() ([]*Job, error) {
	if d.fd < 0 {
		return nil, nil
	}
	names, err := d.o.FS.Names(d.fd)
	if err != nil {
		return nil, &fs.PathError{Op: "list", Path: d.o.Dir, Err: err}
	}
	var jobs []*Job
	var errs []error
	for _, name := range names {
		if !strings.HasPrefix(name, jobPrefix) || !strings.HasSuffix(name, jobSuffix) {
			continue
		}
		j, err := d.load(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // forgotten just now: a reader has no lock
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b *Job) int { return cmp.Compare(a.rec.ID, b.rec.ID) })
	return jobs, errors.Join(errs...)
}

const (
	jobPrefix = "job-"
	jobSuffix = ".json"
)

// jobFile names the file of a job, whose id may hold anything.
func jobFile(id string) string { return jobPrefix + hash(id) + jobSuffix }

func (d *Dir) load(name string) (*Job, error) {
	data, err := d.read(name)
	if pe, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, fs.ErrNotExist) {
		return nil, &CorruptError{pe.Path, pe.Err}
	}
	if err != nil {
		return nil, err
	}
	j := &Job{dir: d, file: name, written: data}
	if err := decode(data, &j.rec); err != nil {
		return nil, &CorruptError{path.Join(d.o.Dir, name), err}
	}
	if jobFile(j.rec.ID) != name {
		return nil, &CorruptError{path.Join(d.o.Dir, name), fmt.Errorf("it contains the state of job %q", j.rec.ID)}
	}
	return j, nil
}

// decode reads a record strictly, with the keys of earlier formats. In format 1 it ignores
// unknown keys, because that format gained keys without a new number.
func decode(data []byte, r *Record) error {
	version, err := formatOf(data)
	if err != nil {
		return err
	}
	old := struct {
		*Record
		Debt *PendingHook `json:"debt"` // in format 1
		Txn  struct {
			*txn.Record
			Owed bool `json:"owed"` // in formats 1, 2 and early 3
		} `json:"txn"`
	}{Record: r}
	old.Txn.Record = &r.Txn
	dec := json.NewDecoder(bytes.NewReader(data))
	if version > 1 {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(&old); err != nil {
		return err
	}
	if old.Debt != nil {
		r.PendingHook = old.Debt
	}
	r.Txn.HookPending = r.Txn.HookPending || old.Txn.Owed
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("unexpected data after the record")
	}
	return r.Txn.Check()
}

// Record returns what is stored, as a copy.
func (j *Job) Record() Record { return j.rec.clone() }

// Foreign reports whether what was stored was made on another machine, or for
// another account, region, table or role.
func (j *Job) Foreign() bool { return j.foreign }

// DroppedHook is the pending hook that was dropped because another machine made
// it, or nil.
func (j *Job) DroppedHook() *PendingHook { return j.dropped }

// Save implements [txn.Journal]. If the record is idle and the hook pending, it adds a
// [PendingHook], or keeps the existing one. A transaction does not begin before the last
// one has been recovered ([ErrUnrecovered]).
func (j *Job) Save(t txn.Record) error {
	next := j.rec.clone()
	if t.Phase == txn.Prepare && next.Txn.Phase != txn.Idle {
		return ErrUnrecovered
	}
	if t.Phase == txn.Idle {
		if t.HookPending {
			next.AddPendingHook(time.Time{}, dests(next.Txn))
		}
		t = txn.Record{}
	}
	next.Txn = t
	return j.store(next)
}

func dests(t txn.Record) []string {
	var out []string
	for _, f := range t.Files {
		out = append(out, f.Dest)
	}
	return out
}

// Fingerprint is [Dir.Fingerprint].
func (j *Job) Fingerprint(data []byte) string { return j.dir.Fingerprint(data) }

// Matches is [Dir.Matches].
func (j *Job) Matches(print string, data []byte) (same, known bool) {
	return j.dir.Matches(print, data)
}

// Update changes the record by one durable write. Nothing is written where
// change leaves it as it was. On error the record is the old one, though the
// file may be either.
func (j *Job) Update(change func(*Record)) error {
	next := j.rec.clone()
	change(&next)
	return j.store(next)
}

func (j *Job) store(next Record) error {
	next.Version = formatVersion
	data, err := json.MarshalIndent(next, "", " ")
	if err != nil {
		return fmt.Errorf("encode state of job %q: %w", next.Name, err)
	}
	if !bytes.Equal(data, j.written) {
		j.written = nil // until it is known
		if err := j.dir.write(j.file, data); err != nil {
			return err
		}
	}
	j.rec, j.written = next, data
	return nil
}

// Remove forgets the job, unless it has a transaction that was cut off
// ([ErrUnrecovered]).
func (j *Job) Remove() error {
	if j.rec.Txn.Phase != txn.Idle {
		return ErrUnrecovered
	}
	return j.Forget()
}

// Forget forgets the job in any case: an interrupted transaction is not undone, and a
// pending hook does not run.
func (j *Job) Forget() error { return j.dir.remove(j.file) }
