package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/template/mask"
)

// planReport is the result of plan, as -o json prints it.
type planReport struct {
	Jobs    []planJob   `json:"jobs" doc:"the jobs of the run"`
	Summary planSummary `json:"summary" doc:"numbers over all jobs"`
}

// planJob is what a render would do with one job.
type planJob struct {
	Job         string       `json:"job" doc:"its name"`
	Config      string       `json:"config,omitempty" doc:"the file that the job is of"`
	Errors      []string     `json:"errors,omitempty" doc:"why a render would fail; the other fields are missing then"`
	Files       []planFile   `json:"files,omitempty" doc:"its files"`
	Secrets     []planSecret `json:"secrets,omitempty" doc:"secrets that have another version than the one in place"`
	Hook        string       `json:"hook,omitempty" doc:"the command that would run"`
	HookPending bool         `json:"hook_pending,omitempty" doc:"the hook would run for an earlier change only"`
	NextRuns    []time.Time  `json:"next_runs,omitempty" doc:"of the schedule, without splay"`

	nextRuns string
}

// planFile is what would happen to one file.
type planFile struct {
	Path   string      `json:"path" doc:"the destination"`
	Action string      `json:"action" doc:"create, update, mode, remove or unchanged"`
	Diff   string      `json:"diff,omitempty" doc:"a unified diff, masked"`
	Rights *planRights `json:"rights,omitempty" doc:"mode and owner to be, if nothing else changes"`
	Before *planRights `json:"rights_before,omitempty" doc:"mode and owner now"`
}

type planRights struct {
	Mode string `json:"mode" doc:"octal"`
	UID  int    `json:"uid" doc:"number of the owner"`
	GID  int    `json:"gid" doc:"number of the group"`
}

// planSecret is a secret behind a change. A version is empty if the secret was not, or
// is no longer, one of the job's.
type planSecret struct {
	Ref string `json:"ref" doc:"the REF"`
	Old string `json:"old,omitempty" doc:"version in place, as the state directory has it"`
	New string `json:"new,omitempty" doc:"version that a render would take"`
}

// planSummary counts files by action, distinct hooks, and jobs that failed.
type planSummary struct {
	Create    int `json:"create" doc:"files to create"`
	Update    int `json:"update" doc:"files to update"`
	Mode      int `json:"mode" doc:"files to get another mode or owner"`
	Remove    int `json:"remove" doc:"files to remove"`
	Unchanged int `json:"unchanged" doc:"files that stay"`
	Hooks     int `json:"hooks" doc:"hooks to run, equal ones once"`
	Failed    int `json:"failed_jobs" doc:"jobs that a render would fail with"`
}

// planOf returns what a render would do with a job that can be rendered.
func (a *app) planOf(p *render.Plan, noHook bool) planJob {
	out := planJob{Job: p.Job.Name}
	out.Config, _ = job.ConfigOf(p.Job.ID, p.Job.Name)
	for i, c := range p.Changes {
		f := planFile{Path: c.Path, Action: string(c.Kind)}
		switch c.Kind {
		case job.Create, job.Update:
			f.Diff = mask.Diff(c.Path, c.Old.Data, p.Texts[i])
		case job.ModeOnly:
			f.Rights = &planRights{fmt.Sprintf("%04o", c.Mode), c.UID, c.GID}
			f.Before = &planRights{fmt.Sprintf("%04o", c.Old.Mode), c.Old.UID, c.Old.GID}
		}
		out.Files = append(out.Files, f)
	}
	for _, v := range p.VersionChanges() {
		out.Secrets = append(out.Secrets, planSecret{v.Ref.String(), v.Old, v.New})
	}
	if isConfigured(p.Job) {
		now := time.Now()
		out.NextRuns, out.nextRuns = p.Job.Schedule.Runs(now, shownRuns), nextRuns(p.Job, a.machine(), now)
	}
	changed := len(p.Changed()) > 0
	if (changed || p.HookPending) && !noHook && !p.Job.Hook.IsZero() {
		out.Hook, out.HookPending = render.Show(p.Job.Hook), !changed
	}
	return out
}

// changes reports whether a render would do anything for the job.
func (p *planJob) changes() bool {
	for _, f := range p.Files {
		if f.Action != string(job.Unchanged) {
			return true
		}
	}
	return p.Hook != ""
}

// add adds a job to the report.
func (r *planReport) add(p planJob, hooks map[string]bool) {
	r.Jobs = append(r.Jobs, p)
	s := &r.Summary
	counts := map[string]*int{
		string(job.Create): &s.Create, string(job.Update): &s.Update, string(job.ModeOnly): &s.Mode,
		string(job.Remove): &s.Remove, string(job.Unchanged): &s.Unchanged,
	}
	for _, f := range p.Files {
		*counts[f.Action]++
	}
	if len(p.Errors) > 0 {
		s.Failed++
	}
	if p.Hook != "" {
		hooks[p.Hook] = true
	}
	s.Hooks = len(hooks)
}

// text formats a job for people: what a terminal would obey is written out, but for the
// colors.
func (p *planJob) text(color bool) string {
	var b strings.Builder
	for _, f := range p.Files {
		fmt.Fprintf(&b, "%-9s  %s\n", f.Action, mask.Visible(f.Path))
		b.WriteString(f.Diff)
		if f.Rights != nil {
			fmt.Fprintf(&b, "  mode %s, owner %d:%d; now %s, %d:%d\n", f.Rights.Mode, f.Rights.UID, f.Rights.GID, f.Before.Mode, f.Before.UID, f.Before.GID)
		}
	}
	for _, s := range p.Secrets {
		fmt.Fprintf(&b, "secret     %s  %s\n", s.Ref, s.change())
	}
	if p.nextRuns != "" {
		fmt.Fprintf(&b, "next runs  %s\n", p.nextRuns)
	}
	if p.Hook != "" {
		why := ""
		if p.HookPending {
			why = " (pending since an earlier run)"
		}
		fmt.Fprintf(&b, "hook       %s%s\n", p.Hook, why)
	}
	text := mask.VisibleLines(b.String())
	if color { // only lines of diffs begin as those do
		return colorDiff(text)
	}
	return text
}

func (s *planSecret) change() string {
	switch {
	case s.Old == "":
		return "new here, " + mask.Visible(s.New)
	case s.New == "":
		return mask.Visible(s.Old) + ", no longer used"
	}
	return mask.Visible(s.Old) + " -> " + mask.Visible(s.New)
}

// isEmpty reports whether no job has a plan.
func (s planSummary) isEmpty() bool { return s.Create+s.Update+s.Mode+s.Remove+s.Unchanged == 0 }

// text is the last line of plan.
func (s planSummary) text() string {
	var parts []string
	for _, n := range []struct {
		number int
		what   string
	}{
		{s.Create, "to create"}, {s.Update, "to update"}, {s.Mode, "to get another mode or owner"}, {s.Remove, "to remove"}, {s.Unchanged, "unchanged"},
	} {
		if n.number > 0 {
			parts = append(parts, thousands(n.number)+" "+n.what)
		}
	}
	line := strings.Join(parts, ", ")
	if s.Hooks > 0 {
		line += "; " + count(s.Hooks, "hook") + " to run"
	}
	if s.Failed > 0 {
		line += "; " + count(s.Failed, "job") + " failed"
	}
	return "summary    " + strings.TrimPrefix(line, "; ") + "\n"
}
