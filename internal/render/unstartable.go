package render

import (
	"errors"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
)

// unstartable reports commands of a job whose program is not there, as the run
// that changes the job's files would find. Programs that the run itself writes
// are left out.
func (r *round) unstartable(p *Planned) error {
	var errs []error
	missing := func(c job.Command) error {
		if c.IsZero() || len(c.Args) > 0 && len(r.writers(c.Args[0])) > 0 {
			return nil
		}
		return hook.Missing(r.spec(p, c))
	}
	for _, c := range p.Changes {
		if c.Kind == job.Create || c.Kind == job.Update {
			errs = append(errs, judge("check", c.Path, c.File.Check, missing(c.File.Check)))
		}
	}
	errs = append(errs, judge("verify", "", p.Job.Verify, missing(p.Job.Verify)))
	if err := missing(p.Job.Hook); err != nil && !r.o.NoHook {
		errs = append(errs, &HookError{Command: p.Job.Hook, Err: err})
	}
	return errors.Join(errs...)
}
