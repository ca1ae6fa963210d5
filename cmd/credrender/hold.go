package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

type holdOptions struct {
	length time.Duration
	reason string
	end    bool
}

// maxReason bounds the text of --reason, which is in every line about the hold.
const maxReason = 500

// maxHold bounds --for: a hold that nobody remembers keeps an expired secret in place.
const maxHold = 30 * 24 * time.Hour

func newHold(a *app) *cobra.Command {
	o := &holdOptions{}
	c := &cobra.Command{
		Use:   "hold JOB --for DURATION --reason TEXT",
		Short: "Keep a job as it is for some time",
		Long: `Stop the daemon and renders of the config from touching a job until the time is
over. The files stay as they are, and a pending hook waits. A run that has begun is
finished. Each render that leaves the job out prints a warning with the reason;
status and the metrics show the hold.

The hold ends by itself. A daemon that left the job out meanwhile renders it then.
--end ends the hold earlier: the daemon renders the job at its next scheduled run.
render --force renders a job in spite of its hold.`,
		Example: `  credrender hold web-tls --for 2h --reason 'certificate incident 4711'
  credrender hold --end web-tls`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			changed := c.Flags().Changed
			switch {
			case o.end && (changed("for") || changed("reason")):
				return usagef("--end cannot be combined with --for and --reason")
			case o.end:
				return runEndHold(c.Context(), a, args[0])
			}
			return runHold(c.Context(), a, o, args[0])
		},
	}
	c.Flags().DurationVar(&o.length, "for", 0, "how long, `DURATION`, such as 2h; at most 720h")
	c.Flags().StringVar(&o.reason, "reason", "", "why, a `TEXT` for other operators")
	c.Flags().BoolVar(&o.end, "end", false, "end the hold of JOB now")
	return c
}

func (o *holdOptions) check() error {
	switch {
	case o.length <= 0:
		return usagef("--for DURATION is missing, such as --for 2h: a hold always ends")
	case o.length > maxHold:
		return usagef("--for: at most %.0fh, 30 days: hold the job again then, or take it out of the config", maxHold.Hours())
	case strings.TrimSpace(o.reason) == "":
		return usagef("--reason TEXT is missing: it tells other operators why")
	case len(o.reason) > maxReason:
		return usagef("--reason is longer than %d bytes", maxReason)
	case source.Show(o.reason) != o.reason:
		return usagef("--reason contains control characters")
	}
	return nil
}

func runHold(ctx context.Context, a *app, o *holdOptions, name string) error {
	if err := o.check(); err != nil {
		return err
	}
	j, st, err := a.jobAndState(ctx, "hold", name)
	if err != nil {
		return err
	}
	defer st.Close() // the write was synced
	now := time.Now()
	h := state.Hold{Since: now, Until: now.Add(o.length), Reason: o.reason}
	if err := st.SetHold(j.ID, h); err != nil {
		return fmt.Errorf("hold %s: %w", name, err)
	}
	a.log.Info(j.Name+" is "+heldText(h), "job", j.Name)
	return nil
}

func runEndHold(ctx context.Context, a *app, name string) error {
	j, st, err := a.jobAndState(ctx, "end the hold", name)
	if err != nil {
		return err
	}
	defer st.Close() // the removal was synced
	holds := a.holds(st)
	if err := st.EndHold(j.ID); err != nil {
		return fmt.Errorf("end the hold of %s: %w", name, err)
	}
	if _, held := holds[j.ID]; !held {
		a.log.Warn(j.Name+" was not held", "job", j.Name)
		return nil
	}
	a.log.Info(j.Name+" is no longer held", "job", j.Name)
	return nil
}

// jobNamed finds a job of the config.
func jobNamed(cfg *config.Config, name string) (*job.Job, error) {
	var names []string
	for i := range cfg.Jobs {
		if cfg.Jobs[i].Name == name {
			return &cfg.Jobs[i], nil
		}
		names = append(names, cfg.Jobs[i].Name)
	}
	switch {
	case len(cfg.Broken) > 0:
		return nil, usagef("no job %q in the files of the config that can be read: %w", name, errors.Join(cfg.Broken...))
	case len(names) == 0:
		return nil, usagef("no job %q: the config has no jobs: select another with --config", name)
	}
	return nil, usagef("no job %q in %s, which has %s", name, strings.Join(cfg.Files, ", "), strings.Join(names, ", "))
}

// jobAndState finds a job of the config and opens the state directory.
func (a *app) jobAndState(ctx context.Context, what, name string) (*job.Job, *state.Dir, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, nil, err
	}
	j, err := jobNamed(cfg, name)
	if err != nil {
		return nil, nil, err
	}
	st, err := a.writableState(cfg, what)
	return j, st, err
}

// holds returns the active holds by job id. A damaged file holds nothing, with a
// warning.
func (a *app) holds(st *state.Dir) map[string]state.Hold {
	holds, err := st.Holds(time.Now())
	if err != nil {
		a.log.Warn(fmt.Sprintf("read holds: %v; it holds no job: inspect the file, then remove it", err))
	}
	return holds
}

// daemonHolds reads the holds for a daemon. It ignores a missing state directory, which
// the daemon reports elsewhere.
func (a *app) daemonHolds(cfg *config.Config) (map[string]state.Hold, error) {
	st, err := a.readState(cfg)
	if err != nil {
		return nil, nil // logged when the records are read
	}
	defer st.Close()
	return st.Holds(time.Now())
}

// withoutHeld drops the jobs that are held, each with a warning. A held job without all of
// its files fails, because the files that are asked for are not there.
func (a *app) withoutHeld(st *state.Dir, jobs []job.Job, force bool) []job.Job {
	if st == nil {
		return jobs
	}
	holds := a.holds(st)
	return slices.DeleteFunc(slices.Clone(jobs), func(j job.Job) bool {
		h, held := holds[j.ID]
		switch {
		case !held:
		case force:
			a.log.Warn(fmt.Sprintf("%s: rendered by --force though %s", j.Name, heldText(h)), "job", j.Name)
		default:
			a.log.Warn(fmt.Sprintf("%s: not rendered: %s; 'credrender hold --end %s' ends it", j.Name, heldText(h), j.Name), "job", j.Name)
			if why := a.missing(j, recordOf(st, j.ID)); why != "" {
				a.failJob(&j, fmt.Errorf("the job is held, and %s", why))
			}
		}
		return held && !force
	})
}

func heldText(h state.Hold) string {
	return fmt.Sprintf("held until %s: %s", zoned(h.Until.Local()), source.Show(h.Reason))
}
