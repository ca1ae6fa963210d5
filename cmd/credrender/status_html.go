package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/mask"
)

//go:embed status.html.tmpl
var statusTemplate string

// statusPage is the data of the page of status --html.
type statusPage struct {
	Host, Version, StateDir string
	Configs                 []string
	Now                     time.Time
	Notes                   []statusNote
	Jobs                    []statusJob
}

type statusNote struct{ Level, Title, Text string }

// The levels are classes of the page's style.
const (
	levelGood = "good"
	levelWarn = "warn"
	levelBad  = "bad"
	levelIdle = "idle"
)

// statusJob is a job on the page.
type statusJob struct{ jobStatus }

// InConfig reports whether the config has the job.
func (s *statusJob) InConfig() bool { return s.ofConfig }

// SplayText returns what the splay adds to the next runs.
func (s *statusJob) SplayText() string {
	_, text, _ := strings.Cut(s.nextRuns, "; ")
	return text
}

// Badges returns the states of a job, the worst first. There is at least one.
func (s *statusJob) Badges() []statusNote {
	var list []statusNote
	add := func(ok bool, level, text string) {
		if ok {
			list = append(list, statusNote{Level: level, Text: text})
		}
	}
	add(s.Interrupted, levelBad, "interrupted")
	add(s.Code != exitOK && !s.Interrupted, levelBad, fmt.Sprintf("failed (%d)", s.Code))
	add(s.HookPending, levelWarn, "hook pending")
	add(len(s.Altered) > 0, levelWarn, "altered")
	add(len(s.Overridden) > 0, levelWarn, "overridden")
	add(!s.HeldUntil.IsZero(), levelWarn, "held")
	add(list == nil && s.LastRun.IsZero(), levelIdle, "not run yet")
	add(list == nil, levelGood, "ok")
	return list
}

// Notes returns the reasons of the badges.
func (s *statusJob) Notes() []statusNote {
	var list []statusNote
	if s.Error != "" {
		title := "The last run failed"
		if s.Failures > 1 {
			title = fmt.Sprintf("The last %d runs failed, since %s", s.Failures, zoned(s.FailingSince.Local()))
		}
		if s.Code == exitHook {
			title = "The files are in place, but a hook failed"
		}
		if s.RunID != "" {
			title += " (run " + s.RunID + " in the log)"
		}
		list = append(list, statusNote{levelBad, title, s.Error})
	}
	if s.Interrupted {
		list = append(list, statusNote{levelBad, "The last run was interrupted", "The next run, or 'credrender recover', restores the files."})
	}
	if h := s.PendingHook; h != nil {
		list = append(list, statusNote{levelWarn, "The hook is pending", h.text(s.Error)})
	}
	if !s.HeldUntil.IsZero() {
		list = append(list, statusNote{levelWarn, "Held until " + zoned(s.HeldUntil.Local()), source.Show(s.HeldReason)})
	}
	for _, ref := range slices.Sorted(maps.Keys(s.Overridden)) {
		list = append(list, statusNote{levelWarn, "Overridden by an operator", overrideText(ref, s.Overridden[ref])})
	}
	return list
}

// text describes a pending hook. shown is an error that the reader knows already.
func (h *pendingHook) text(shown string) string {
	var lines []string
	if !h.Since.IsZero() {
		lines = append(lines, "since "+zoned(h.Since.Local()))
	}
	lines = append(lines, fmt.Sprintf("failed attempts: %d", h.Attempts))
	if !h.Next.IsZero() {
		lines = append(lines, "the daemon tries again at "+zoned(h.Next.Local()))
	}
	text := strings.Join(lines, "; ")
	if h.Error != "" && h.Error != shown {
		text += "\n" + h.Error
	}
	return text
}

// statusCount is a number of jobs in one state.
type statusCount struct {
	N           int
	Level, Text string
}

// Counts returns the numbers of jobs by their worst state.
func (p *statusPage) Counts() []statusCount {
	counts := []statusCount{}
	for _, level := range [][2]string{{levelBad, "failed"}, {levelWarn, "need attention"}, {levelIdle, "not run yet"}, {levelGood, "ok"}} {
		c := statusCount{Level: level[0], Text: level[1]}
		for i := range p.Jobs {
			if p.Jobs[i].Badges()[0].Level == c.Level {
				c.N++
			}
		}
		if c.N == 1 && c.Level == levelWarn {
			c.Text = "needs attention"
		}
		if c.N > 0 {
			counts = append(counts, c)
		}
	}
	return counts
}

// Summary is the title of the page.
func (p *statusPage) Summary() string {
	var parts []string
	for _, c := range p.Counts() {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Text))
	}
	return cmp.Or(strings.Join(parts, ", "), "no jobs")
}

// ago describes a time by its distance from now.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	text := "%s ago"
	if d < 0 {
		d, text = -d, "in %s"
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf(text, fmt.Sprintf("%d s", int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf(text, fmt.Sprintf("%d min", int(d.Minutes())))
	case d < 48*time.Hour:
		return fmt.Sprintf(text, fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60))
	}
	return fmt.Sprintf(text, fmt.Sprintf("%d days", int(d.Hours())/24))
}

// html returns the page, with the jobs that need attention first.
func (p *statusPage) html() ([]byte, error) {
	t, err := template.New("status").Funcs(template.FuncMap{
		"zoned": func(t time.Time) string { return zoned(inZone(t)) },
		"rfc":   func(t time.Time) string { return t.Format(time.RFC3339) },
		"ago":   func(t time.Time) string { return ago(p.Now, t) },
		"show":  source.Show,
		"owner": owner,
	}).Parse(statusTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse the page: %w", err)
	}
	levels := []string{levelBad, levelWarn, levelIdle, levelGood}
	slices.SortStableFunc(p.Jobs, func(x, y statusJob) int {
		return slices.Index(levels, x.Badges()[0].Level) - slices.Index(levels, y.Badges()[0].Level)
	})
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("make the page: %w", err)
	}
	return b.Bytes(), nil
}

// owner returns the owner that a file has to have.
func owner(f fileStatus) string {
	if f.UID < 0 && f.GID < 0 {
		return "not set"
	}
	id := func(n int) string {
		if n < 0 {
			return "any"
		}
		return strconv.Itoa(n)
	}
	return id(f.UID) + ":" + id(f.GID)
}

// inZone leaves a time in the zone of its schedule. Recorded times are in UTC, and are
// shown in the zone of the host.
func inZone(t time.Time) time.Time {
	if t.Location() == time.UTC {
		return t.Local()
	}
	return t
}

// writePage writes the page to the FILE of --html.
func (a *app) writePage(cfg *config.Config, st *state.Dir, list []jobStatus, damaged []*state.CorruptError, file string) error {
	p := &statusPage{Version: version(), StateDir: cfg.Settings.StateDir, Configs: cfg.Files, Now: time.Now()}
	p.Host, _ = os.Hostname()
	if st.Missing() {
		p.Notes = append(p.Notes, statusNote{levelWarn, "The state directory does not exist", "No job has run with it."})
	}
	for _, e := range damaged {
		p.Notes = append(p.Notes, statusNote{levelBad, "A state file is damaged", e.Error()})
	}
	for _, e := range cfg.Broken {
		p.Notes = append(p.Notes, statusNote{levelBad, "A config file is broken, and its jobs are missing here", e.Error()})
	}
	for _, s := range list {
		p.Jobs = append(p.Jobs, statusJob{s})
	}
	text, err := p.html()
	if err != nil {
		return err
	}
	text = []byte(mask.VisibleLines(string(text)))
	if file == stdoutName {
		return a.write(text)
	}
	if err := a.refuseProtected(cfg, slices.Concat(a.protected(cfg), a.protectedJobs(cfg), protectedRecords(list)), file); err != nil {
		return err
	}
	path := a.abs(file)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return usagef("--html: %s is not a regular file: pass - for standard output", source.Show(file))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(err)
	}
	return replaceFile(path, text, 0o600) // names of secrets are an inventory
}
