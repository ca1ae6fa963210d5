package render

import (
	"errors"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/txn"
)

// admit returns every reason to refuse a job that can be known without writing. Run and
// DryRun both call it.
func (r *run) admit(p *Plan) error {
	if err := r.stateFor(p); err != nil {
		return err
	}
	if err := validate(p); err != nil {
		return err
	}
	if len(p.Changed()) > 0 {
		if r.refusedBefore(p) {
			return &RefusedError{What: "verify", Again: true}
		}
		if r.dryRun {
			if err := r.unstartable(p); err != nil {
				return errors.Join(r.checkDisk(p), err)
			}
		}
	}
	return r.checkDisk(p)
}

// unstartable returns an error for each command of a job whose program does not exist,
// unless the run itself writes it.
func (r *run) unstartable(p *Plan) error {
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

// checkDisk reports whether the files can be written and repaired. A dry run ignores
// drift that the file system may have caused.
func (r *run) checkDisk(p *Plan) error {
	files := p.files()
	var errs []error
	for i, c := range p.Changes {
		if c.Kind != job.ModeOnly {
			continue
		}
		err := r.env.Disk.CheckRepair(c.Txn())
		switch {
		case c.Tolerated() && r.dryRun:
			p.Changes[i].Kind = job.Unchanged
		case errors.Is(err, txn.ErrOthersWrite):
			files = append(files, c.Txn())
		default:
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, r.env.Disk.Check(files))...)
}
