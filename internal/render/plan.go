package render

import (
	"errors"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// Plan is what a run knows of one job.
type Plan struct {
	Job     *job.Job // with the files that its folders and lists make
	Changes []job.Change
	// Texts are the rendered files with what may be shown of them, by file;
	// filled by Plan alone.
	Texts []mask.Text
	// Trace are the lookups that the files were made of.
	Trace []source.Known
	// untraced: the templates asked for names that depend on secrets too, which are
	// not in Trace.
	untraced bool
	// globs are the patterns behind Trace; asked is what the templates asked of the
	// machine.
	globs      []source.Ref
	asked      []state.Asked
	overrides  *Overrides // of the run
	overridden []overridden
	// changeable: the output may differ at the next run though nothing else does.
	changeable bool
	// HookPending: the hook would run even if nothing changes.
	HookPending bool

	given      *job.Job              // as configured
	matches    []state.Matches       // the names that patterns of for_each match now
	left       map[string]state.File // made earlier, no longer a file of the job
	units      []job.Unit
	renderings []*template.Rendering // of each unit; nil for plain bytes
	time       *template.TimeLimit   // of the job's templates
	outputs    []template.Output
	secrets    []source.Secret
	state      *state.Job
	journal    txn.Journal
	report     JobReport
	check      check
	// misplaced: a destination is refused, whatever the templates contain.
	misplaced bool
	// sources are the templates of sourcesOf, by the keys of their identities.
	sources   map[fsys.Key]string
	sourcesOf *job.Job
	placed    bool           // its destinations were checked
	lost      []source.Known // what secretOr lacks, and another job was rendered with
	waits     []*Plan        // jobs that write what this one reads
	done      bool           // rendered, and installed unless that failed
	hookRan   bool
	hookErr   error
}

// Err is why the job cannot be rendered, or nil.
func (p *Plan) Err() error { return p.report.Err }

// fail adds a failure.
func (p *Plan) fail(err error) { p.report.Err = errors.Join(p.report.Err, err) }

// Changed returns the destinations whose content changes.
func (p *Plan) Changed() []string { return changedDests(p.Changes) }

func changedDests(changes []job.Change) []string {
	var dests []string
	for _, c := range changes {
		if c.Kind == job.Create || c.Kind == job.Update || c.Kind == job.Remove {
			dests = append(dests, c.Path)
		}
	}
	return dests
}
