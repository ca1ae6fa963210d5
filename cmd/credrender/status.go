package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
)

type statusOptions struct {
	output      string
	check       bool
	all         bool
	maxAge      time.Duration
	forget      []string
	force       bool
	lockTimeout time.Duration
}

func newStatus(a *app) *cobra.Command {
	o := &statusOptions{}
	c := &cobra.Command{
		Use:   "status",
		Short: "Say how each job stands",
		Long: `Print from the state directory each job's last run, its result, what is in place
and which hooks are owed, and from the config when a daemon looks at it next. It asks
nothing of AWS. A state directory that cannot be read is an error, exit code 1, and
so is a state file that is damaged.

--check judges the jobs of the config: one that has not run yet, failed, owes a
hook, was cut off, is older than --max-age, or cannot be run by the daemon, is
named, and the exit code is 1. So is one whose files were changed, removed or
replaced since its last good run. --all judges jobs of the command line too.

A job that is taken out of its config is forgotten by the next run. One of the
command line (SRC:DEST, pull) stays, by the name of its destination, until
--forget: that touches no rendered file, and refuses jobs that the config has, and
without --force those that owe a hook or were cut off.`,
		Example: `  credrender status
  credrender status --check --max-age 15m   # for monitoring: silent and 0, or named and 1
  credrender status --forget /tmp/trial.conf`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(o.forget) > 0 {
				return runForget(c.Context(), a, o)
			}
			if !o.check && (o.all || c.Flags().Changed("max-age")) {
				return usagef("--all and --max-age are for --check")
			}
			if c.Flags().Changed("max-age") && o.maxAge == 0 {
				return usagef("--max-age: 0 is no age: leave it out to accept any, or write 15m")
			}
			if o.force || c.Flags().Changed("lock-timeout") {
				return usagef("--force and --lock-timeout are for --forget")
			}
			return runStatus(c.Context(), a, o)
		},
	}
	outputFlag(c, &o.output, "text|json", "text")
	c.Flags().BoolVar(&o.check, "check", false, "print nothing, and exit 1 if a job failed, owes a hook or is too old")
	c.Flags().BoolVar(&o.all, "all", false, "with --check: also jobs of the command line (SRC:DEST, pull) and of other configs")
	c.Flags().DurationVar(&o.maxAge, "max-age", 0, "with --check: how long ago a job may have succeeded, `DURATION`")
	o.addForget(a, c)
	return c
}

// jobStatus is one job as status -o json prints it.
type jobStatus struct {
	Job         string            `json:"job"`
	ID          string            `json:"id"`
	LastRun     time.Time         `json:"last_run,omitzero"`
	LastSuccess time.Time         `json:"last_success,omitzero"`
	LastChange  time.Time         `json:"last_change,omitzero"`
	NextTick    time.Time         `json:"next_tick,omitzero"` // by the schedule in the config, for a daemon
	Code        int               `json:"code"`
	Error       string            `json:"error,omitempty"`
	HookOwed    bool              `json:"hook_owed"`
	HookError   string            `json:"hook_error,omitempty"`
	Interrupted bool              `json:"interrupted,omitempty"`
	Versions    map[string]string `json:"versions,omitempty"`
	Files       []string          `json:"files,omitempty"`
	// Altered are the files that are not as the last good run left them, with the reason.
	Altered map[string]string `json:"altered,omitempty"`

	ofConfig bool
}

func runStatus(ctx context.Context, a *app, o *statusOptions) error {
	if o.output != "text" && o.output != "json" {
		return usagef("--output %q is not text or json", o.output)
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	st, err := a.readState(cfg)
	if err != nil {
		return err
	}
	defer st.Close()
	list, err := a.statuses(st, cfg.Jobs)
	if err != nil {
		return err
	}
	switch {
	case o.check:
		return a.checkStatus(st, list, o)
	case o.output == "json":
		return printJSON(a, list)
	}
	if st.Missing() {
		a.log.Warn(fmt.Sprintf("state directory %s does not exist: no job has run with it", cfg.Settings.StateDir))
	}
	return a.printStatus(list)
}

// statuses are of all jobs that have state, and of those of the config that have
// none. A state file that is damaged is reported, and the job that it is of failed.
func (a *app) statuses(st *state.Dir, jobs []job.Job) ([]jobStatus, error) {
	outcomes, errOutcomes := st.Outcomes()
	known, errJobs := st.Jobs()
	damaged, err := state.Damaged(errors.Join(errOutcomes, errJobs))
	if err != nil {
		return nil, err
	}
	list := make([]jobStatus, 0, len(known))
	for _, j := range known {
		rec := j.Record()
		s := statusOf(outcomes[rec.ID].Over(rec))
		s.Altered = a.altered(j)
		list = append(list, s)
	}
	for _, j := range jobs {
		i := slices.IndexFunc(list, func(s jobStatus) bool { return s.ID == j.ID })
		if i < 0 {
			i = len(list)
			none := outcomes[j.ID].Over(state.Record{ID: j.ID, Name: j.Name})
			list = append(list, statusOf(none))
		}
		list[i].ofConfig = true
		if s, err := schedule.Parse(j.Schedule); j.Schedule != "" && err == nil {
			_, list[i].NextTick = schedule.Entry{ID: j.ID, Schedule: s, Splay: j.Splay}.Next(a.machine(), time.Now())
		}
		for _, e := range damaged {
			if e.Of(j.ID) {
				list[i].Code, list[i].Error = exitFailed, e.Error()
			}
		}
	}
	for _, e := range damaged {
		a.fail(e)
	}
	return list, nil
}

func statusOf(r state.Record) jobStatus {
	s := jobStatus{
		Job: r.Name, ID: r.ID, LastRun: r.LastRun, LastSuccess: r.LastSuccess, LastChange: r.LastChange,
		Code: r.Result.Code, Error: r.Result.Error, HookOwed: r.Owed(), Interrupted: r.Txn.Phase != "",
		Versions: versions(r.Trace), Files: slices.Sorted(maps.Keys(r.Files)),
	}
	if r.Debt != nil {
		s.HookError = r.Debt.Error
	}
	return s
}

func (a *app) printStatus(list []jobStatus) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "JOB\tLAST RUN\tRESULT\tHOOK\tLAST CHANGE\tNEXT TICK\tFILES")
	for _, s := range list {
		result, hook := "ok", "-"
		switch {
		case s.Interrupted:
			result = "cut off"
		case s.Code != exitOK:
			result = fmt.Sprintf("failed (%d)", s.Code)
		case s.LastRun.IsZero():
			result = "-"
		case len(s.Altered) > 0:
			result = "altered"
		}
		if s.HookOwed {
			hook = "owed"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n",
			s.Job, stamp(s.LastRun), result, hook, stamp(s.LastChange), nextTick(s.NextTick), len(s.Files))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	for _, s := range list {
		if text := strings.TrimSpace(s.Error + "\n" + s.HookError); text != "" {
			a.log.Warn(s.Job + ": " + text)
		}
		for _, path := range slices.Sorted(maps.Keys(s.Altered)) {
			a.log.Warn(fmt.Sprintf("%s: %s %s", s.Job, path, s.Altered[path]))
		}
	}
	return nil
}

func nextTick(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return stamp(t)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
