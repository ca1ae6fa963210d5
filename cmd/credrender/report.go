package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// report logs the results of a run, and returns the jobs to retry.
func (a *app) report(r render.Report, retry bool) (again []job.Job) {
	for _, n := range r.Notes {
		a.log.Warn(n)
	}
	for _, n := range r.Stuck {
		if a.snapshot == nil { // a daemon logs it by itself, once
			a.log.Warn(n)
		}
	}
	for _, name := range r.Stopped {
		a.log.Info(name+": stopped before its files were changed", "job", name)
		a.code = worse(a.code, exitFailed)
	}
	for _, j := range r.Jobs {
		if retry && j.Err != nil && !j.Stale && render.MayHeal(j.Err) {
			a.log.Info(fmt.Sprintf("%s: %v; trying again", j.Job.Name, j.Err), "job", j.Job.Name)
			again = append(again, *j.Job)
			continue
		}
		if a.isRepeat(j.Err != nil && j.Repeat) {
			a.code = worse(a.code, exitCode(j.Err))
			continue
		}
		a.reportJob(j)
		if a.snapshot != nil {
			a.reportChild(j)
			a.reportFailures(j)
		}
	}
	for _, h := range r.Hooks {
		switch {
		case a.isRepeat(h.Err != nil && h.Repeat):
			a.code = worse(a.code, exitCode(h.Err))
		case h.Err != nil:
			a.failWithOutput(h.Err)
		default:
			a.log.Info("ran hook "+h.String(), "jobs", h.Jobs, "seconds", h.Took.Seconds())
		}
	}
	return again
}

func (a *app) reportJob(j render.JobReport) {
	switch {
	case j.Stale:
		a.log.Warn(fmt.Sprintf("%s: keeping its files: %v", j.Job.Name, j.Err), "job", j.Job.Name)
		return
	case j.Err != nil:
		a.failJob(j.Job, j.Err)
		return
	}
	if j.Installed {
		a.warnOverridden(j.Job.Name, untilNextRun, j.Overridden)
	}
	if a.snapshot != nil {
		return // reportChild logs one line for the job
	}
	for _, c := range j.Changes {
		if c.Kind == job.Unchanged {
			continue
		}
		a.log.Info(prefix(j.Job, c.File.Dest)+pastTense(c.Kind)+" "+c.Path,
			"job", j.Job.Name, "dest", c.Path, "change", string(c.Kind), "versions", versions(j.Versions))
	}
}

// prefix returns the name of a job for messages, or "" if the name is the file itself, as
// for jobs of the command line.
func prefix(j *job.Job, dest string) string {
	if j.Name == dest {
		return ""
	}
	return j.Name + ": "
}

func pastTense(k job.Kind) string {
	switch k {
	case job.Create:
		return "created"
	case job.Update:
		return "updated"
	case job.Remove:
		return "removed"
	}
	return "repaired mode or owner of"
}

func versions(known []source.Known) map[string]string {
	m := map[string]string{}
	for _, k := range known {
		m[k.Ref.String()] = k.Trace.Version
	}
	return m
}

// failJob logs each failure of a job, and each hint once.
func (a *app) failJob(j *job.Job, err error) {
	a.code = worse(a.code, exitCode(err))
	hinted := map[string]bool{}
	for _, e := range flatten(err) {
		a.log.Error(fmt.Sprintf("%s: %s", mask.Visible(j.Name), errorText(e)), "job", j.Name, "code", exitCode(e))
		a.output(e)
		if h := a.hint(e); h != "" && !hinted[h] {
			hinted[h] = true
			a.log.Info(h, hintKey, true)
		}
	}
}

func (a *app) failWithOutput(err error) {
	a.log.Error(errorText(err), "code", exitCode(err))
	a.output(err)
	a.code = worse(a.code, exitCode(err))
	if h := a.hint(err); h != "" {
		a.log.Info(h, hintKey, true)
	}
}

// output logs the end of the output of a failed command.
func (a *app) output(err error) {
	var text string
	if e, ok := errors.AsType[*render.RefusedError](err); ok {
		text = e.Output
	} else if e, ok := errors.AsType[*render.CommandError](err); ok {
		text = e.Output
	} else if e, ok := errors.AsType[*render.HookError](err); ok {
		text = e.Output
	} else if e, ok := errors.AsType[*hook.ExitError](err); ok {
		text = e.Output
	}
	if text != "" {
		a.log.Error("its output ends:\n" + strings.ReplaceAll("\n"+strings.TrimRight(text, "\n"), "\n", "\n  | ")[1:])
	}
}

// flatten returns the errors in errors.Join and SecretsError.
func flatten(err error) []error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	if _, isSecrets := err.(*template.SecretsError); !isSecrets && fmt.Sprintf("%T", err) != joined {
		return []error{err}
	}
	var list []error
	for _, e := range many.Unwrap() {
		list = append(list, flatten(e)...)
	}
	return list
}

// joined is the type of the result of errors.Join, whose parts are separate failures,
// unlike those of fmt.Errorf with several %w.
var joined = fmt.Sprintf("%T", errors.Join(errors.ErrUnsupported))
