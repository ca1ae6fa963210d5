package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/template"
)

type textKey struct {
	job  string
	path string
}

type text struct {
	data []byte
	err  error
}

// text reads a template, once a run.
func (r *run) text(j *job.Job, path string) ([]byte, error) {
	k := textKey{j.ID, path}
	t, ok := r.texts[k]
	if !ok {
		t.data, t.err = r.env.ReadFile(j, path)
		if data, foreseen := r.foreseen(path); foreseen && missingOrFine(t.err) {
			t = text{data: data}
		}
		r.texts[k] = t
	}
	return t.data, t.err
}

// missingOrFine reports whether a file that could not be read may be readable once it
// was written: not if it is there, and unreadable or not trusted.
func missingOrFine(err error) bool { return err == nil || errors.Is(err, fs.ErrNotExist) }

// inputs encodes what a job's files are made of besides secrets, for a fingerprint: the
// job, its templates, and what those asked of the machine. It is nil if that cannot be
// known.
func (r *run) inputs(p *Plan, asked []state.Asked) []byte {
	if r.env.StampFile == nil {
		return nil
	}
	all := struct {
		Version string
		Job     job.Job
		Texts   [][]byte
		Asked   []state.Asked
		Answers []string
	}{Version: r.env.Version, Asked: asked}
	all.Job = essence(*p.Job)
	read := map[string]bool{}
	for _, f := range p.Job.Files {
		if f.Src == "" || read[f.Src] {
			continue
		}
		read[f.Src] = true
		data, err := r.text(p.Job, f.Src)
		if err != nil {
			return nil
		}
		all.Texts = append(all.Texts, data)
	}
	for _, path := range p.Job.Partials {
		data, err := r.text(p.Job, path)
		if err != nil {
			return nil
		}
		all.Texts = append(all.Texts, data)
	}
	for _, a := range asked {
		answer, err := r.answer(a)
		if err != nil {
			return nil
		}
		all.Answers = append(all.Answers, answer)
	}
	b, err := json.Marshal(all)
	if err != nil { // a number that JSON does not have
		return nil
	}
	return b
}

// essence returns a job without its origin and schedule, which make no difference to its
// files.
func essence(j job.Job) job.Job {
	j.Origin, j.Schedule, j.Splay = "", schedule.Schedule{}, 0
	j.Files = slices.Clone(j.Files)
	for i := range j.Files {
		j.Files[i].Origin = ""
	}
	return j
}

// SameJob reports whether two jobs differ in nothing but origin and schedule.
func SameJob(a, b job.Job) bool {
	x, errX := json.Marshal(essence(a))
	y, errY := json.Marshal(essence(b))
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// answer is what the machine answers now; the stamp of a file stands for it.
func (r *run) answer(a state.Asked) (string, error) {
	host := r.env.Host
	switch template.Kind(a.Kind) {
	case template.File:
		return r.stamp(a.Name)
	case template.Env:
		value, set := host.LookupEnv(a.Name)
		return fmt.Sprint(set, value), nil
	case template.Envs:
		return fmt.Sprint(template.VariablesWith(a.Name, host.Environ())), nil
	case template.Hostname:
		return host.Hostname()
	case template.Zone:
		zone, err := host.LoadLocation(a.Name)
		return fmt.Sprint(zone), err
	}
	return "", errors.ErrUnsupported
}

// stamp returns a file's stamp from before this run first read the file.
func (r *run) stamp(path string) (string, error) {
	if s, ok := r.stamps[path]; ok {
		return s, nil
	}
	if r.env.StampFile == nil {
		return "", errors.ErrUnsupported
	}
	s, err := r.env.StampFile(path)
	if err == nil {
		r.stamps[path] = s
	}
	return s, err
}

// volatile reports whether a template calls a function whose result differs at each
// run.
func volatile(units []job.Unit) bool {
	seen := map[string]bool{}
	for _, u := range units {
		if u.Template == nil || u.File.Entry != nil && seen[u.File.Origin] {
			continue
		}
		seen[u.File.Origin] = true
		for _, f := range u.Template.Lint(template.LintOptions{}) {
			if f.Rule == template.Volatile {
				return true
			}
		}
	}
	return false
}
