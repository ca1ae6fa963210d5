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
named, and the exit code is 1. --all judges jobs of the command line too.

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
	NextTick    time.Time         `json:"next_tick,omitzero"`  // when a daemon on this host runs the job next, with its splay
	NextRuns    []time.Time       `json:"next_runs,omitempty"` // of the schedule, without splay
	Zone        string            `json:"zone,omitempty"`      // of the schedule
	Code        int               `json:"code"`
	Error       string            `json:"error,omitempty"`
	HookOwed    bool              `json:"hook_owed"`
	HookError   string            `json:"hook_error,omitempty"`
	Interrupted bool              `json:"interrupted,omitempty"`
	Versions    map[string]string `json:"versions,omitempty"`
	Files       []string          `json:"files,omitempty"`
	HeldUntil   time.Time         `json:"held_until,omitzero"`
	HeldReason  string            `json:"held_reason,omitempty"`

	ofConfig bool
	nextRuns string
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
	if err := a.checkSchedules(cfg.Jobs); err != nil {
		return err
	}
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
		list = append(list, statusOf(outcomes[rec.ID].Over(rec)))
	}
	for _, j := range jobs {
		i := slices.IndexFunc(list, func(s jobStatus) bool { return s.ID == j.ID })
		if i < 0 {
			i = len(list)
			none := outcomes[j.ID].Over(state.Record{ID: j.ID, Name: j.Name})
			list = append(list, statusOf(none))
		}
		list[i].ofConfig = true
		a.addNextRuns(&list[i], &j)
		for _, e := range damaged {
			if e.Of(j.ID) {
				list[i].Code, list[i].Error = exitFailed, e.Error()
			}
		}
	}
	for _, e := range damaged {
		a.fail(e)
	}
	for id, h := range a.holds(st) {
		if i := slices.IndexFunc(list, func(s jobStatus) bool { return s.ID == id }); i >= 0 {
			list[i].HeldUntil, list[i].HeldReason = h.Until, h.Reason
		}
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
	_, _ = fmt.Fprintln(w, "JOB\tLAST RUN\tRESULT\tHOOK\tLAST CHANGE\tNEXT RUN\tFILES")
	for _, s := range list {
		result, hook := "ok", "-"
		switch {
		case s.Interrupted:
			result = "cut off"
		case s.Code != exitOK:
			result = fmt.Sprintf("failed (%d)", s.Code)
		case s.LastRun.IsZero():
			result = "-"
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
		if !s.HeldUntil.IsZero() {
			a.log.Warn(fmt.Sprintf("%s: %s", s.Job, heldText(state.Hold{Until: s.HeldUntil, Reason: s.HeldReason})))
		}
		if s.nextRuns == "" {
			continue
		}
		if err := printf(a.stdout, "%s: next runs %s\n", s.Job, s.nextRuns); err != nil {
			return err
		}
	}
	for _, s := range list {
		if text := strings.TrimSpace(s.Error + "\n" + s.HookError); text != "" {
			a.log.Warn(s.Job + ": " + text)
		}
	}
	return nil
}

func nextTick(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return zoned(t)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// checkStatus names what is wrong, for monitoring. What cannot be judged is wrong
// too: silence means that all is well.
func (a *app) checkStatus(st *state.Dir, list []jobStatus, o *statusOptions) error {
	var errs []error
	if err := st.Writable(); err != nil {
		errs = append(errs, fmt.Errorf("%w: what runs do now is not recorded", err))
	}
	judged := 0
	for _, s := range list {
		if !s.ofConfig && !o.all {
			continue
		}
		judged++
		if why := s.wrong(o.maxAge); why != "" {
			errs = append(errs, fmt.Errorf("%s: %s", s.Job, why))
		}
	}
	switch {
	case judged > 0:
	case o.all:
		errs = append(errs, errors.New("no job has run yet, and the config has none"))
	default:
		errs = append(errs, usagef("--check: the config has no jobs: --config names another, --all judges those of the command line"))
	}
	return errors.Join(errs...)
}

// wrong says what is wrong with a job, or "".
func (s *jobStatus) wrong(maxAge time.Duration) string {
	switch age := time.Since(s.LastSuccess); {
	case s.Interrupted:
		return "its last run was cut off"
	case s.HookOwed && (s.Code == exitOK || s.Code == exitHook):
		return strings.TrimSuffix("its hook is owed: "+s.HookError, ": ")
	case s.Code != exitOK:
		return "its last run failed: " + s.Error
	case !s.HeldUntil.IsZero(): // an operator keeps it from running
		return ""
	case s.LastRun.IsZero():
		return "it has not run yet"
	case s.LastSuccess.IsZero():
		return "it has not succeeded yet"
	case maxAge > 0 && age < -maxAge: // else it would be young for ever
		return fmt.Sprintf("it last succeeded at %s, which is yet to come: the clock was set back", stamp(s.LastSuccess))
	case maxAge > 0 && age > maxAge:
		return fmt.Sprintf("it last succeeded %s ago", age.Round(time.Second))
	}
	return ""
}
