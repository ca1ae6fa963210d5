package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// Rules of lint that are not about templates.
const (
	ruleHookWaits = "hook-waits"
	ruleCheck     = "check"
	ruleShared    = "shared-context"
	ruleNoMatch   = "no-match"
	ruleOwner     = "unknown-owner"
	ruleConfig    = "config"
	ruleError     = "error"
)

// lintRule describes a rule.
type lintRule struct{ id, does string }

// lintRules are all rules, for reports and docs/authoring.md.
func lintRules() []lintRule {
	return []lintRule{
		{string(template.Unquoted), "A secret is printed into a format without the quoting of that format. The format is that of the config, else of the file's name."},
		{string(template.Swapped), "Arguments are in the wrong order, or of a type that the function cannot take there."},
		{string(template.Conversion), "A call fails whatever the secrets are, or its result differs from that of Sprig's function."},
		{string(template.Volatile), "The output of a function differs on each run, so each run rewrites the file and runs the hook."},
		{string(template.Wildcard), "A pattern, which reads the whole table, is used on a schedule."},
		{ruleNoMatch, "A pattern matches nothing in the file of --fixtures."},
		{string(template.OwnOutput), "A template reads a file that the same run writes."},
		{string(template.Refused), "A call cannot succeed: the job does not allow the name, or the context is unknown."},
		{string(template.Undefined), "A definition that a template uses does not exist."},
		{ruleShared, "Objects in S3 and items of the table have the same encryption context."},
		{ruleCheck, "A check does not read the staged file."},
		{ruleHookWaits, "A hook waits for systemd, and may wait for the unit that runs it."},
		{ruleOwner, "This machine does not have the owner or group of a destination. A render there would fail."},
		{ruleConfig, "A setting, a schedule or a file of the config is suspicious: it has no effect, or others can write to it."},
		{ruleError, "The config or a template is wrong; the exit code is not 0."},
	}
}

// place is a position in a file. Line and Col are 0 where unknown.
type place struct {
	File string `json:"file" doc:"the file"`
	Line int    `json:"line,omitempty" doc:"from 1, if known"`
	Col  int    `json:"column,omitempty" doc:"from 1, if known"`
}

func (p place) String() string {
	text := p.File
	for _, n := range []int{p.Line, p.Col} {
		if n > 0 {
			text += ":" + strconv.Itoa(n)
		}
	}
	return text
}

// placeIn returns the place that an origin, file:line, names.
func placeIn(origin string) place {
	if i := strings.LastIndexByte(origin, ':'); i >= 0 {
		if line, err := strconv.Atoi(origin[i+1:]); err == nil {
			return place{File: origin[:i], Line: line}
		}
	}
	return place{File: origin}
}

// placeOf returns the place that an error is about.
func placeOf(err error) place {
	if e, ok := errors.AsType[*template.Error](err); ok {
		return place{e.Template, e.Line, e.Col}
	}
	if e, ok := errors.AsType[*config.Error](err); ok {
		return place{File: e.File, Line: e.Line}
	}
	return place{}
}

// lintFinding is one warning or error.
type lintFinding struct {
	place
	Level   string `json:"level" doc:"warning or error"`
	Rule    string `json:"rule" doc:"name of the rule"`
	Job     string `json:"job,omitempty" doc:"the job"`
	Message string `json:"message" doc:"what is wrong"`
}

// lintReport is the result of lint, as -o json prints it.
type lintReport struct {
	Findings []lintFinding `json:"findings" doc:"warnings and errors"`
	Refs     []lintRef     `json:"refs" doc:"references, also those in branches that a render would not take"`
}

// lintRef is one reference.
type lintRef struct {
	place
	Job string `json:"job,omitempty" doc:"the job"`
	Ref string `json:"ref" doc:"the function and its argument"`
}

// warn records a warning, and logs it in the text form.
func (l *linting) warn(at place, rule, job, msg string) {
	l.findings = append(l.findings, lintFinding{at, "warning", rule, job, msg})
	if !l.quiet {
		l.app.log.Warn(fmt.Sprintf("%s: %s", at, msg), "rule", rule, "job", job)
	}
}

// otherWarnings records the warnings that code outside of lint logs, as of files that
// others can write.
type otherWarnings struct {
	slog.Handler
	l *linting
}

// Handle implements slog.Handler.
func (h otherWarnings) Handle(ctx context.Context, r slog.Record) error {
	own := false
	r.Attrs(func(a slog.Attr) bool { own = own || a.Key == "rule"; return true })
	if r.Level == slog.LevelWarn && !own {
		h.l.findings = append(h.l.findings, lintFinding{place{}, "warning", ruleConfig, "", r.Message})
	}
	return h.Handler.Handle(ctx, r)
}

func (l *linting) warnings() (n int) {
	for _, f := range l.findings {
		if f.Level == "warning" {
			n++
		}
	}
	return n
}

// failJob records and logs the failures of a job.
func (l *linting) failJob(j *job.Job, err error) {
	l.note(j.Name, err)
	l.app.failJob(j, err)
}

// note records failures, of a job or of the run. They are logged elsewhere.
func (l *linting) note(job string, err error) {
	if err == nil {
		return
	}
	for _, e := range flatten(err) {
		l.findings = append(l.findings, lintFinding{placeOf(e), "error", ruleError, job, e.Error()})
	}
}

// noteConfig records what loading the config has logged.
func (l *linting) noteConfig(cfg *config.Config) {
	for _, w := range cfg.Warnings {
		l.findings = append(l.findings, lintFinding{place{}, "warning", ruleConfig, "", w})
	}
	for _, err := range cfg.Broken {
		l.note("", err)
	}
}

// sharing finds contexts that are used both for objects in S3 and for items of a table.
// A KMS ciphertext does not contain its purpose: a user who may encrypt chosen text for
// S3 knows an encrypted data key with its plaintext, and could write an item under it.
type sharing struct {
	blobs, items map[source.Context]place // the first that reads each
	order        []source.Context
}

// add records the named references of a file.
func (s *sharing) add(j *job.Job, u job.Unit) {
	if u.Template == nil {
		s.note(j, u.Ref, placeIn(u.File.Origin))
		return
	}
	for _, r := range u.Template.Refs() {
		if !r.Dynamic && (r.Kind == template.Secret || r.Kind == template.Secrets) {
			s.note(j, r.Query.Ref, place{r.Template, r.Line, r.Col})
		}
	}
}

func (s *sharing) note(j *job.Job, ref source.Ref, at place) {
	kind := j.Store.Kind
	if named, ok := j.Store.Named(ref.Source); ok {
		kind = named.Kind
	} else if ref.Source != "" {
		kind = ref.Source
	}
	if ref.Name == "" || kind != backend.S3 && kind != backend.DynamoDB {
		return
	}
	if s.blobs == nil {
		s.blobs, s.items = map[source.Context]place{}, map[source.Context]place{}
	}
	of := s.items
	if kind == backend.S3 {
		of = s.blobs
	}
	if of[ref.Context] != (place{}) {
		return
	}
	of[ref.Context] = at
	if s.blobs[ref.Context] != (place{}) && s.items[ref.Context] != (place{}) {
		s.order = append(s.order, ref.Context)
	}
}

// warn reports each shared context once.
func (s *sharing) warn(l *linting) {
	for _, c := range s.order {
		context := "no context"
		if !c.IsZero() {
			context = "the context " + c.String()
		}
		l.warn(s.blobs[c], ruleShared, "", fmt.Sprintf("an object in S3 and an item of the table (%s) have %s: if they also share a KMS key, an object with known text can serve as an item's data key; give objects their own key or context",
			s.items[c], context))
	}
}
