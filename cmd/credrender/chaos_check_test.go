package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/credrender/credrender/test/hop"
)

// begin arranges what a run meets beside its requests, and returns what ends it.
func (r *chaosRun) begin() (end func()) {
	w := r.w
	fault := func(name, cause string, benign bool) *hop.Fault {
		return &hop.Fault{Kind: hop.Kind{Name: name, Cause: regexp.MustCompile(cause), Benign: benign, Transient: benign}}
	}
	end = func() {}
	switch r.scenario {
	case "clock":
		skew := []time.Duration{-24 * time.Hour, 24 * time.Hour}[r.seed%2]
		for _, h := range w.hops[r.secure] {
			h.Skew(skew)
		}
		r.meet(fault("clock a day off", "clock|time|xpired|Signature", r.attempts > 1), false)
		end = func() {
			for _, h := range w.hops[r.secure] {
				h.Skew(0)
			}
		}
	case "credentials":
		gone := map[string]string{"container": chaosKey(w.keys.Load() + 1), "instance": "AKIAINSTANCEROLE0000", "role": ""}[r.identity]
		for _, h := range w.hops[r.secure] {
			if h.Service != hop.Local && gone != "" && (r.seed%3 == 0 || h.Service == []string{"kms", "s3", "ssm"}[r.seed%3]) {
				h.Expire(gone)
			}
		}
		if gone != "" {
			r.meet(fault("credentials expire in the run", "xpired", false), false)
		}
		end = func() {
			for _, h := range w.hops[r.secure] {
				h.Expire("")
			}
		}
	case "names":
		outage := []hop.Outage{hop.NoSuchName, hop.ServerFail, hop.NoReply, hop.BadReply}[r.seed%4]
		if outage != hop.NoSuchName { // the resolver tries again for long
			r.timeout = chaosSilence
		}
		w.dns.Set(outage)
		r.meet(fault(string(outage), "no such host|could not be resolved|name server|no answer|waited|within|unreachable", false), false)
		end = func() { w.dns.Set(hop.NoOutage) }
	}
	for _, h := range w.hops[r.secure] {
		h.Begin(r.plan)
	}
	return end
}

// disturbed adds what happened to the disk to the faults.
func (r *chaosRun) disturbed() (disk string) {
	kind, _, _ := strings.Cut(r.disk, " ")
	data, _ := os.ReadFile(filepath.Join(r.w.dir, "ops"))
	if kind == "" || !r.killed && !strings.Contains(string(data), "FAULT") {
		return ""
	}
	name := r.disk[:strings.LastIndex(r.disk, " ")]
	cause := map[string]string{diskFull: "no space left", diskReadOnly: "read-only|not writable|cannot be written", diskBroken: "input/output error"}[name]
	r.meet(&hop.Fault{Kind: hop.Kind{Name: name, Cause: regexp.MustCompile(cause), Benign: name == diskSlow, Transient: name == diskSlow}}, false)
	return name
}

// check judges a run that has ended.
func (r *chaosRun) check() {
	w := r.w
	disk := r.disturbed()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leak = w.leaked(r.output)
	switch {
	case r.hang:
		return
	case r.killed:
		r.wrong = w.wholeFiles()
		if r.wrong == "" {
			r.wrong = w.recovered()
		}
	case disk == diskReadOnly: // nothing can be restored now
		r.wrong = w.wholeFiles()
		if r.wrong == "" && r.code == exitOK {
			r.wrong = w.compare(true)
		}
	default:
		r.wrong = w.compare(r.code == exitOK)
		if r.wrong == "" && disk == "" {
			r.wrong = w.strays()
		}
	}
	if disk != "" && r.wrong == "" {
		r.wrong = w.clean(r.scenario)
	}
	if !r.killed && r.code != exitOK {
		r.unclear = r.judgeError()
	}
}

// judgeError returns what is wrong with the error of a run.
func (r *chaosRun) judgeError() string {
	hurried := r.timeout == chaosSilence && strings.Contains(r.output, "(--timeout)") // by a busy machine
	benign, transient := true, r.attempts > 1 && !r.again && r.timeout == chaosPatience
	named := hurried
	for _, f := range r.met {
		benign = benign && f.Benign
		local := f.Request.Service == hop.Local // what gives no answer is not asked again
		transient = transient && (f.Benign || f.Transient && !local)
		named = named || f.Cause.MatchString(r.output) || local && strings.Contains(r.output, "no usable credentials")
	}
	switch {
	case r.identity == "instance" && strings.Contains(r.output, "instance metadata service"):
		// The service has a third of a second to answer, which a busy machine may need.
	case benign && !hurried:
		return "no fault that could end a run, and it failed"
	case transient:
		return "every fault was transient and the program may try again, and the run failed"
	case !named:
		return "the error names none of the causes"
	case strings.Contains(r.output, "panic"):
		return "a panic"
	}
	return ""
}

func (r *chaosRun) problem() string {
	switch {
	case r.hang:
		return "the run does not end"
	case r.wrong != "":
		return "wrong files: " + r.wrong
	case r.leak != "":
		return "leak: " + r.leak
	}
	return r.unclear
}

// read returns a job's files as they are.
func (w *chaosWorld) read(job string) map[string]string {
	now := map[string]string{}
	for name := range w.want()[job] {
		data, err := os.ReadFile(w.dest(name))
		if err != nil {
			now[name] = err.Error()
			continue
		}
		now[name] = string(data)
	}
	return now
}

// compare checks that each job has all of its new files or all of its old ones; with
// allNew, the new ones, and that the hook has run. It takes note of which they are.
func (w *chaosWorld) compare(allNew bool) string {
	problem := ""
	for job, want := range w.want() {
		now := w.read(job)
		if !maps.Equal(now, want) && (allNew || !maps.Equal(now, w.standing[job])) {
			problem = fmt.Sprintf("job %s has %q\nnew: %q\nold: %q", job, now, want, w.standing[job])
		}
		w.standing[job] = now
	}
	if problem != "" {
		return problem
	}
	if told, _ := os.ReadFile(filepath.Join(w.dir, "told")); allNew && string(told) != w.want()["app"]["app.conf"] {
		return fmt.Sprintf("exit 0, and the hook was last told %q", told)
	}
	info, err := os.Stat(w.dest("app.conf"))
	if err != nil || info.Mode().Perm() != 0o640 {
		return fmt.Sprintf("mode of app.conf: %v, %v", info, err)
	}
	return ""
}

// wholeFiles checks that each file is whole, whatever its neighbors are.
func (w *chaosWorld) wholeFiles() string {
	for job, want := range w.want() {
		for name, text := range w.read(job) {
			if text != want[name] && text != w.standing[job][name] {
				return fmt.Sprintf("%s is neither old nor new: %q", name, text)
			}
		}
	}
	return ""
}

// strays are files that no job wrote.
func (w *chaosWorld) strays() string {
	entries, err := os.ReadDir(filepath.Join(w.dir, "etc"))
	w.must(err)
	known := map[string]bool{}
	for _, files := range w.want() {
		for name := range files {
			known[name] = true
		}
	}
	for _, e := range entries {
		if !known[e.Name()] {
			return "stray file " + e.Name()
		}
	}
	return ""
}

// leaked looks for values, credentials and foreign text in what a run printed, and in
// what it left in the state directory.
func (w *chaosWorld) leaked(output string) (where string) {
	masker := w.masker()
	if masker.Mask(output) != output {
		return "the output has a value, a credential or somebody else's text"
	}
	for _, dir := range []string{"state", "run"} {
		err := filepath.WalkDir(filepath.Join(w.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if text := string(data); err == nil && masker.Mask(text) != text {
				where = path + " has a value, a credential or somebody else's text"
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			return err.Error()
		}
	}
	return where
}
