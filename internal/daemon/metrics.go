package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metric is one family of the text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
type metric struct {
	name, kind, help string
	samples          []sample
}

type sample struct {
	labels []string // name, value, name, value
	value  float64
}

// Names lists the metrics, for the documentation to be held to.
func Names() []string {
	d := &Daemon{config: &Config{}}
	var names []string
	for _, m := range d.metrics(stored{}) {
		names = append(names, m.name)
	}
	return names
}

// WriteMetrics writes all metrics as text. Ages are for the reader to compute: a
// time that is exported stays true, however old the scrape is. State that cannot
// be read is among the metrics and keeps the others from nobody.
func (d *Daemon) WriteMetrics(w io.Writer) error {
	d.mu.Lock()
	c := d.config
	d.mu.Unlock()
	st := c.stored()
	d.mu.Lock()
	all := d.metrics(st)
	d.mu.Unlock()
	var b strings.Builder
	for _, m := range all {
		m.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// metrics collects every family. The caller holds mu.
func (d *Daemon) metrics(st stored) []metric {
	all := []metric{
		gauge("credrender_build_info", "1, labelled with the version.", one("version", d.o.Version, "goversion", d.o.GoVersion)),
		gauge("credrender_start_time_seconds", "When the daemon started.", seconds(d.started)),
		gauge("credrender_ready", "1 while every job was tried, can be run and has its files.", flag(len(d.lacking(d.config)) == 0)),
		gauge("credrender_config_last_reload_successful", "1 if the config on the disk was accepted when it was read last.", flag(d.reloads.ok)),
		gauge("credrender_config_last_reload_success_timestamp_seconds", "When a config was last accepted.", seconds(d.reloads.last)),
		gauge("credrender_jobs", "Jobs in the config.", sample{value: float64(len(d.config.Jobs))}),
		gauge("credrender_state_readable", "0 while the state directory cannot be read.", flag(st.err == nil)),
		gauge("credrender_state_writable", "0 while the state directory cannot be written.", flag(!d.unwritten)),
		gauge("credrender_state_damaged_files", "State files that cannot be read, also of jobs that are not in the config.", sample{value: float64(len(st.damaged))}),
	}
	all = append(all, d.jobMetrics(st)...)
	all = append(all, d.holdMetrics()...)
	if d.o.Usage == nil {
		return append(all, usageMetrics(Usage{})...)
	}
	return append(all, usageMetrics(d.o.Usage())...)
}

func (d *Daemon) jobMetrics(st stored) []metric {
	run := gauge("credrender_job_last_run_timestamp_seconds", "When the job was last tried; up to a minute behind where nothing changes.")
	success := gauge("credrender_job_last_success_timestamp_seconds", "When the job's files were last known to be right; up to a minute behind where nothing changes.")
	change := gauge("credrender_job_last_change_timestamp_seconds", "When a file of the job last changed.")
	code := gauge("credrender_job_last_exit_code", "The exit code that the job's last run stands for, one that could not be started included; 0 is success.")
	owed := gauge("credrender_job_hook_owed", "1 while the job's hook is owed.")
	attempts := gauge("credrender_job_hook_failed_attempts", "How often the owed hook has failed in a row.")
	damaged := gauge("credrender_job_state_damaged", "1 while the job's state file cannot be read; the job is not rendered until it is removed.")
	next := gauge("credrender_job_next_run_timestamp_seconds", "When the job is due next.")
	ticks := metric{name: "credrender_job_ticks_total", kind: "counter", help: "Ticks of the job, by what came of them."}
	skipped := metric{name: "credrender_job_ticks_skipped_total", kind: "counter", help: "Ticks that passed unused."}
	expiry := gauge("credrender_certificate_expiry_timestamp_seconds", "When the first of the certificates in a rendered file expires.")
	for _, j := range d.config.Jobs {
		s := d.stats[j.ID]
		if s == nil {
			s = &jobStats{}
		}
		label := []string{"job_name", j.Name}
		for _, result := range []string{failed, quiet, rendered} {
			ticks.add(float64(s.ticks[result]), "job_name", j.Name, "result", result)
		}
		skipped.add(float64(s.skipped), label...)
		next.addTime(d.next[j.ID], label...)
		if st.err != nil {
			if s.outcome.Code != codeOK { // which is known without it
				code.add(float64(s.outcome.Code), label...)
			}
			continue
		}
		isDamaged := st.damagedOf(j.ID) != nil
		damaged.add(flag(isDamaged).value, label...)
		if isDamaged {
			code.add(codeFailed, label...) // of what it owes nothing is known
			continue
		}
		r := s.outcome.Over(st.recordOf(j))
		run.addTime(r.LastRun, label...)
		success.addTime(r.LastSuccess, label...)
		change.addTime(r.LastChange, label...)
		code.add(float64(r.Result.Code), label...)
		owed.add(flag(r.Owed()).value, label...)
		var failures int
		if r.Debt != nil {
			failures = r.Debt.Attempts
		}
		attempts.add(float64(failures), label...)
		for _, dest := range slices.Sorted(maps.Keys(r.Files)) {
			expiry.addTime(r.Files[dest].NotAfter, "job_name", j.Name, "dest", dest)
		}
	}
	return []metric{run, success, change, next, code, damaged, owed, attempts, ticks, skipped, expiry}
}

func usageMetrics(u Usage) []metric {
	requests := metric{name: "credrender_aws_requests_total", kind: "counter", help: "Requests of the daemon itself; those of its renders are not among them."}
	for _, name := range slices.Sorted(maps.Keys(u.Requests)) {
		service, operation, _ := strings.Cut(name, ".")
		requests.add(float64(u.Requests[name]), "service", service, "operation", operation)
	}
	units := metric{name: "credrender_dynamodb_read_units_total", kind: "counter", help: "Read units that the daemon's own requests took."}
	units.add(u.ReadUnits)
	return []metric{requests, units}
}

func gauge(name, help string, samples ...sample) metric {
	return metric{name, "gauge", help, samples}
}

func one(labels ...string) sample { return sample{labels, 1} }

func flag(b bool) sample {
	if b {
		return sample{value: 1}
	}
	return sample{}
}

func seconds(t time.Time) sample {
	if t.IsZero() {
		return sample{}
	}
	return sample{value: float64(t.UnixMilli()) / 1000}
}

func (m *metric) add(value float64, labels ...string) {
	m.samples = append(m.samples, sample{labels, value})
}

// addTime leaves out what has not happened.
func (m *metric) addTime(t time.Time, labels ...string) {
	if !t.IsZero() {
		m.add(seconds(t).value, labels...)
	}
}

// write writes a family, in a stable order.
func (m *metric) write(b *strings.Builder) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
	lines := make([]string, 0, len(m.samples))
	for _, s := range m.samples {
		var labels []string
		for i := 0; i+1 < len(s.labels); i += 2 {
			labels = append(labels, s.labels[i]+`="`+escape(s.labels[i+1])+`"`)
		}
		line := m.name
		if len(labels) > 0 {
			line += "{" + strings.Join(labels, ",") + "}"
		}
		lines = append(lines, line+" "+strconv.FormatFloat(s.value, 'f', -1, 64)+"\n")
	}
	slices.SortFunc(lines, cmp.Compare[string])
	b.WriteString(strings.Join(lines, ""))
}

// escape writes a label's value as the format wants it.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

// writeTextfile writes the metrics for node_exporter's textfile collector: whole
// or not at all, since it reads at any time.
func (d *Daemon) writeTextfile() {
	if d.o.Textfile == "" {
		return
	}
	err := d.replaceTextfile()
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // of a name that is another each time
	}
	d.mu.Lock()
	before := d.unshown
	d.unshown = err != nil
	d.mu.Unlock()
	switch {
	case err != nil && !before:
		d.o.Log.Warn(fmt.Sprintf("write metrics to %s: %v", d.o.Textfile, err))
	case err == nil && before:
		d.o.Log.Info(fmt.Sprintf("metrics are written to %s again", d.o.Textfile))
	}
}

func (d *Daemon) replaceTextfile() (err error) {
	// The collector reads *.prom alone, so that it does not see this one.
	tmp, err := os.CreateTemp(filepath.Dir(d.o.Textfile), "."+filepath.Base(d.o.Textfile)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	err = d.WriteMetrics(tmp)
	if err == nil {
		err = tmp.Chmod(0o644) // there is no secret in it, and its reader is another user
	}
	if errClose := tmp.Close(); err == nil {
		err = errClose
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), d.o.Textfile)
}
