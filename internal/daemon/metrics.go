package daemon

import (
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

// Names lists the metrics, for tests of the documentation and the alert rules.
func Names() []string {
	d := &Daemon{config: &Config{}, totals: newTotals()}
	var names []string
	for _, m := range d.metrics(stored{}, nil) {
		names = append(names, m.name)
	}
	return names
}

// WriteMetrics writes all metrics as text. Times are exported, not ages, so that
// they stay true however old the scrape is. State that cannot be read is a metric
// itself, and does not keep the others from being written.
func (d *Daemon) WriteMetrics(w io.Writer) error {
	d.mu.Lock()
	c := d.config
	d.mu.Unlock()
	st := c.stored()
	lacking := d.lacking(false)
	d.mu.Lock()
	all := d.metrics(st, lacking)
	d.mu.Unlock()
	return write(w, all)
}

func write(w io.Writer, all []metric) error {
	var b strings.Builder
	for _, m := range all {
		m.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// metrics collects every family. The caller holds mu.
func (d *Daemon) metrics(st stored, lacking []string) []metric {
	all := []metric{
		gauge("credrender_start_time_seconds", "When the daemon started, in seconds since 1970.", seconds(d.started)),
		gauge("credrender_heartbeat_timestamp_seconds", "When the daemon last made progress, in seconds since 1970.", seconds(d.beat)),
		gauge("credrender_ready", "1 if every job can run and has its files, otherwise 0.", flag(len(lacking) == 0)),
		gauge("credrender_config_last_reload_successful", "1 if the last reload of the config succeeded, otherwise 0.", flag(d.reloads.ok)),
		gauge("credrender_config_last_reload_success_timestamp_seconds", "When a config was last loaded successfully, in seconds since 1970.", seconds(d.reloads.last)),
		gauge("credrender_state_writable", "1 if the state directory can be written, otherwise 0.", flag(!d.troubles.has(writingState))),
	}
	all = append(all, common(d.config, st, d.o.Version, d.o.GoVersion)...)
	all = append(all, jobMetrics(d.config.Jobs, st, d.stats)...)
	all = append(all, d.config.holdMetrics()...)
	all = append(all, d.tickMetrics()...)
	all = append(all, d.totals.metrics(d.config.Jobs)...)
	var u Usage
	if d.o.Usage != nil {
		u = d.o.Usage()
	}
	return append(all, usageMetrics("credrender_", "the daemon itself", u)...)
}

// common are the families that a daemon and a render from cron have alike.
func common(c *Config, st stored, version, goVersion string) []metric {
	return []metric{
		gauge("credrender_build_info", "Always 1, with the version as a label.", one("version", version, "goversion", goVersion)),
		gauge("credrender_config_info", "Always 1, with a hash of the config in force as a label.", one("hash", c.Hash)),
		gauge("credrender_config_modified_timestamp_seconds", "When a file of the config in force was last modified, in seconds since 1970.", seconds(c.Modified)),
		gauge("credrender_jobs", "Number of jobs in the config.", sample{value: float64(len(c.Jobs))}),
		gauge("credrender_state_readable", "1 if the state directory can be read, otherwise 0.", flag(st.err == nil)),
		gauge("credrender_state_damaged_files", "Number of unreadable state files, including those of jobs that are not in the config.", sample{value: float64(len(st.damaged))}),
	}
}

// jobMetrics are what the state has of jobs, with what stats know of runs that
// recorded nothing.
func jobMetrics(jobs []job.Job, st stored, stats map[string]*jobStats) []metric {
	run := gauge("credrender_job_last_run_timestamp_seconds", "When the job was last attempted, in seconds since 1970. May lag by a minute while nothing changes.")
	success := gauge("credrender_job_last_success_timestamp_seconds", "When the files of the job were last known to be right, in seconds since 1970. May lag by a minute while nothing changes.")
	change := gauge("credrender_job_last_change_timestamp_seconds", "When a file of the job last changed, in seconds since 1970.")
	code := gauge("credrender_job_last_exit_code", "Exit code of the last run of the job, or of a failed attempt to start it; 0 is success.")
	failures := gauge("credrender_job_failures_in_a_row", "Number of failed runs of the job since its last success.")
	pending := gauge("credrender_job_hook_pending", "1 if the hook of the job is pending, otherwise 0.")
	attempts := gauge("credrender_job_hook_failed_attempts", "Number of failed attempts of the pending hook in a row.")
	damaged := gauge("credrender_job_state_damaged", "1 if the state file of the job cannot be read; the job is not rendered until the file is removed.")
	expiry := gauge("credrender_certificate_expiry_timestamp_seconds", "Earliest expiry of the certificates in a rendered file, in seconds since 1970.")
	overridden := gauge("credrender_job_overridden", "1 if a file of the job contains a value of --override instead of a secret.")
	version := gauge("credrender_secret_version_info", "Always 1, with the version of a secret in the files of the job as a label.")
	for _, j := range jobs {
		label := []string{"job_name", j.Name}
		r, isDamaged := recordFor(j, st, stats)
		damaged.add(flag(isDamaged).value, label...)
		code.add(float64(r.Result.Code), label...)
		run.addTime(r.LastRun, label...)
		success.addTime(r.LastSuccess, label...)
		if isDamaged || st.err != nil {
			continue // of what is in place nothing is known
		}
		change.addTime(r.LastChange, label...)
		failures.add(float64(r.Result.Count), label...)
		pending.add(flag(r.HookPending()).value, label...)
		var failed int
		if r.PendingHook != nil {
			failed = r.PendingHook.Attempts
		}
		attempts.add(float64(failed), label...)
		for _, dest := range slices.Sorted(maps.Keys(r.Files)) {
			expiry.addTime(r.Files[dest].NotAfter, "job_name", j.Name, "dest", dest)
		}
		overridden.add(flag(len(r.Overrides) > 0).value, label...)
		for _, k := range r.Trace {
			if !k.Trace.Absent && !r.Overridden(k.Ref) {
				version.add(1, "job_name", j.Name, "secret", k.Ref.String(), "version", k.Trace.Version)
			}
		}
	}
	return []metric{run, success, change, code, failures, damaged, pending, attempts, overridden, expiry, version}
}

// recordFor is a job's record, with what only stats know in its place.
func recordFor(j job.Job, st stored, stats map[string]*jobStats) (r state.Record, isDamaged bool) {
	r = st.recordOf(j)
	s := stats[j.ID]
	if s == nil {
		s = &jobStats{}
	}
	if r = s.outcome.Over(r); s.run.After(r.LastRun) && st.err != nil {
		r.LastRun = s.run
	}
	if s.success.After(r.LastSuccess) && st.err != nil {
		r.LastSuccess = s.success
	}
	if s.lost != "" {
		r.Result.Count = s.fails
	}
	if isDamaged = st.damagedOf(j.ID) != nil; isDamaged {
		r.Result.Code = codeFailed
	}
	return r, isDamaged
}

// tickMetrics are the daemon's own counts of its ticks. The caller holds mu.
func (d *Daemon) tickMetrics() []metric {
	next := gauge("credrender_job_next_run_timestamp_seconds", "When the job runs next, in seconds since 1970.")
	ticks := counter("credrender_job_ticks_total", "Number of ticks of the job, by result: quiet (unchanged), rendered or failed.")
	skipped := counter("credrender_job_ticks_skipped_total", "Number of ticks of the job that were skipped.")
	for _, j := range d.config.Jobs {
		s := d.stats[j.ID]
		if s == nil {
			s = &jobStats{}
		}
		for _, result := range []string{failed, unchanged, rendered} {
			ticks.add(float64(s.ticks[result]), "job_name", j.Name, "result", result)
		}
		skipped.add(float64(s.skipped), "job_name", j.Name)
		next.addTime(d.next[j.ID], "job_name", j.Name)
	}
	return []metric{next, ticks, skipped}
}

// Usage is what a process has asked of AWS.
type Usage struct {
	Requests  map[string]int `json:"requests"` // by "service.Operation"
	Retries   int            `json:"retries"`
	Throttled int            `json:"throttled"`
	ReadUnits float64        `json:"read_units"`
}

func (u *Usage) add(o Usage) {
	for name, n := range o.Requests {
		u.Requests[name] += n
	}
	u.Retries += o.Retries
	u.Throttled += o.Throttled
	u.ReadUnits += o.ReadUnits
}

func usageMetrics(prefix, whose string, u Usage) []metric {
	requests := counter(prefix+"aws_requests_total", "Number of AWS requests of "+whose+".")
	for _, name := range slices.Sorted(maps.Keys(u.Requests)) {
		service, operation, _ := strings.Cut(name, ".")
		requests.add(float64(u.Requests[name]), "service", service, "operation", operation)
	}
	retries := counter(prefix+"aws_retries_total", "Number of retried AWS requests of "+whose+".")
	retries.add(float64(u.Retries))
	throttled := counter(prefix+"aws_throttled_total", "Number of throttled AWS requests of "+whose+".")
	throttled.add(float64(u.Throttled))
	units := counter(prefix+"dynamodb_read_units_total", "DynamoDB read units consumed by "+whose+".")
	units.add(u.ReadUnits)
	return []metric{requests, retries, throttled, units}
}

// Report is the report of a child process on its run: exit codes, counts and times.
type Report struct {
	Codes map[string]int `json:"codes"` // the exit code of each job by itself, by name
	// Stopped are the names of jobs that were left alone because of Order.Stop.
	Stopped []string      `json:"stopped,omitempty"`
	Fetch   time.Duration `json:"fetch"`
	Hooks   []HookRun     `json:"hooks,omitempty"`
	Usage   Usage         `json:"usage"`
}

// HookRun is one hook that ran.
type HookRun struct {
	Jobs []string      `json:"jobs"`
	Took time.Duration `json:"took"`
}

// totals are counts over all child processes.
type totals struct {
	runs, fetches histogram
	hooks         map[string]histogram // by the job's name
	lost          map[loss]int
	usage         Usage
}

func newTotals() totals {
	return totals{hooks: map[string]histogram{}, lost: map[loss]int{}, usage: Usage{Requests: map[string]int{}}}
}

// observe counts one child process, which may have come to no report.
func (d *Daemon) observe(took time.Duration, r *Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.totals.runs.observe(took)
	if r == nil {
		return
	}
	d.totals.fetches.observe(r.Fetch)
	for _, h := range r.Hooks {
		for _, name := range h.Jobs {
			durations := d.totals.hooks[name]
			durations.observe(h.Took)
			d.totals.hooks[name] = durations
		}
	}
	d.totals.usage.add(r.Usage)
}

func (t *totals) metrics(jobs []job.Job) []metric {
	runs := metric{name: "credrender_run_duration_seconds", kind: "histogram", help: "Duration of runs that rendered a file, hooks included, in seconds."}
	runs.addHistogram(t.runs)
	fetches := metric{name: "credrender_fetch_duration_seconds", kind: "histogram", help: "Time that these runs waited for stores, in seconds."}
	fetches.addHistogram(t.fetches)
	hooks := metric{name: "credrender_hook_duration_seconds", kind: "histogram", help: "Duration of hooks, in seconds."}
	for _, j := range jobs {
		if !j.Hook.IsZero() {
			hooks.addHistogram(t.hooks[j.Name], "job_name", j.Name)
		}
	}
	lost := counter("credrender_runs_lost_total", "Number of job runs without a result: the process could not be started, took too long, or crashed.")
	for _, how := range []loss{lostStart, lostTimeout, lostCrash} {
		lost.add(float64(t.lost[how]), "reason", string(how))
	}
	return append([]metric{runs, fetches, hooks, lost}, usageMetrics("credrender_render_", "child processes", t.usage)...)
}
