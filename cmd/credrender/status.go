package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

type statusOptions struct {
	resultFlags
	check       bool
	all         bool
	maxAge      time.Duration
	forget      []string
	force       bool
	lockTimeout time.Duration
	html        string
}

func newStatus(a *app) *cobra.Command {
	o := &statusOptions{}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the last run of each job",
		Long: `Print each job's last run and its result, the installed versions and the pending
hooks, from the state directory, and the next tick of a daemon, from the config.
Nothing is requested from AWS. -o wide adds the last change, the number of files, the
config and the next three runs. Jobs with one name are told apart by their config. A state directory that cannot be read, or a damaged
state file, is an error with exit code 1.

With --check, print the jobs of the config that have not run yet, failed, have a
pending hook, were interrupted, succeeded longer than --max-age ago, cannot be run
by the daemon, or have files that were changed, removed or replaced since their
last good run, and exit 1 if there are any. --all includes the jobs of the
command line.

--html writes the same as one page for a browser. It shows names of secrets, so its
mode is 0600, and no values.

The next run forgets a job that was removed from its config. A job of the command
line (SRC:DEST, pull) stays under the name of its destination until --forget. That
changes no rendered file. It refuses jobs of the config, and without --force jobs
that have a pending hook or were interrupted.`,
		Example: `  credrender status
  credrender status --check --max-age 15m   # for monitoring: silent, or the failures and exit code 1
  credrender status --html /root/status.html
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
				return usagef("--max-age must be above 0: leave it out to accept any age, or write 15m")
			}
			if o.force || c.Flags().Changed("lock-timeout") {
				return usagef("--force and --lock-timeout are for --forget")
			}
			if o.html != "" && (o.check || c.Flags().Changed("output")) {
				return usagef("--html cannot be combined with --check and --output")
			}
			return runStatus(c.Context(), a, o)
		},
	}
	o.register(c, "text|wide|json")
	c.Flags().BoolVar(&o.check, "check", false, "print only problems, and exit 1 if a job failed, has a pending hook or is too old")
	c.Flags().BoolVar(&o.all, "all", false, "with --check: include jobs of the command line (SRC:DEST, pull) and of other configs")
	c.Flags().DurationVar(&o.maxAge, "max-age", 0, "with --check: the last success may be at most `DURATION` ago")
	c.Flags().StringVar(&o.html, "html", "", "write a page for a browser to `FILE` (mode 0600), or to standard output with -")
	o.addForget(a, c)
	return c
}

func runStatus(ctx context.Context, a *app, o *statusOptions) error {
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
	list, damaged, err := a.statuses(st, cfg.Jobs)
	if err != nil {
		return err
	}
	switch {
	case o.check:
		return a.checkStatus(st, list, o)
	case o.isJSON():
		return a.printJSON(list)
	}
	if st.Missing() {
		a.log.Warn(fmt.Sprintf("state directory %s does not exist: no job has run with it", cfg.Settings.StateDir))
	}
	if o.html != "" {
		return a.writePage(cfg, st, list, damaged, o.html)
	}
	return a.printStatus(list, o.resultFlags)
}

// statuses returns the status of all jobs with state, and of those of the config. A
// damaged state file is reported, and its job counts as failed.
func (a *app) statuses(st *state.Dir, jobs []job.Job) ([]jobStatus, []*state.CorruptError, error) {
	outcomes, errOutcomes := st.Outcomes()
	known, errJobs := st.Jobs()
	damaged, err := state.Damaged(errors.Join(errOutcomes, errJobs))
	if err != nil {
		return nil, nil, err
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
		list[i].ofConfig, list[i].Schedule = true, j.Schedule.String()
		list[i].missing = a.missing(j, recordOf(st, j.ID))
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
	label(list)
	return list, damaged, nil
}

// checkStatus returns the problems of jobs, for monitoring. A job whose state is unknown
// has a problem, so that silence means that all is well.
func (a *app) checkStatus(st *state.Dir, list []jobStatus, o *statusOptions) error {
	var errs []error
	if err := st.Writable(); err != nil {
		errs = append(errs, fmt.Errorf("%w: runs are not recorded", err))
	}
	judged := 0
	for _, s := range list {
		if !s.ofConfig && !o.all {
			continue
		}
		judged++
		if why := s.problem(o.maxAge); why != "" {
			errs = append(errs, fmt.Errorf("%s: %s", s.label, why))
		}
		for _, path := range slices.Sorted(maps.Keys(s.Altered)) {
			errs = append(errs, fmt.Errorf("%s: %s %s since its last good run", s.label, path, s.Altered[path]))
		}
	}
	switch {
	case judged > 0:
	case o.all:
		errs = append(errs, errors.New("no job has run yet, and the config has no jobs"))
	default:
		errs = append(errs, usagef("--check: the config has no jobs: select another with --config, or include jobs of the command line with --all"))
	}
	return errors.Join(errs...)
}

// problem returns what is wrong with a job, or "".
func (s *jobStatus) problem(maxAge time.Duration) string {
	switch age := time.Since(s.LastSuccess); {
	case s.Interrupted:
		return "its last run was interrupted"
	case s.HookPending && (s.Code == exitOK || s.Code == exitHook):
		return strings.TrimSuffix("its hook is pending: "+s.HookError, ": ")
	case s.Code != exitOK:
		return "its last run failed: " + s.Error
	case !s.HeldUntil.IsZero() && s.missing != "":
		return fmt.Sprintf("it is held until %s, and %s", zoned(s.HeldUntil.Local()), s.missing)
	case !s.HeldUntil.IsZero(): // an operator keeps it from running
		return ""
	case s.LastRun.IsZero():
		return "it has not run yet"
	case s.LastSuccess.IsZero():
		return "it has not succeeded yet"
	case maxAge > 0 && age < -maxAge: // or the age would stay below the limit
		return fmt.Sprintf("it last succeeded at %s, which is in the future: the clock was set back", rfc3339(s.LastSuccess))
	case maxAge > 0 && age > maxAge:
		return fmt.Sprintf("it last succeeded %s ago", age.Round(time.Second))
	}
	return ""
}
