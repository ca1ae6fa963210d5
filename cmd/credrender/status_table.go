package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/template/mask"
)

// formatWide is the table of status with all columns.
const formatWide = "wide"

// label sets the labels of jobs. Configs may have jobs of the same name, and --root makes
// another job of each.
func label(list []jobStatus) {
	number := map[string]int{}
	for _, s := range list {
		number[s.Job]++
	}
	for i := range list {
		s := &list[i]
		s.label = mask.Visible(s.Job)
		if number[s.Job] > 1 {
			s.label += " (" + mask.Visible(s.origin()) + ")"
		}
	}
}

// origin returns the config of a job, or what else identifies it.
func (s *jobStatus) origin() string { return cmp.Or(s.Config, s.ID) }

func (a *app) printStatus(list []jobStatus, o resultFlags) error {
	t := table{columns: []string{"JOB", "RESULT", "LAST RUN", "NEXT RUN"}}
	if o.format == formatWide {
		t.columns = append(t.columns, "LAST CHANGE", "FILES", "CONFIG")
	}
	for _, s := range list {
		cells := []string{s.label, s.result(), orElse(s.LastRun, "never"), orElse(s.NextTick, "-")}
		if o.format == formatWide {
			cells = append(cells, orElse(s.LastChange, "never"), strconv.Itoa(len(s.Files)), s.Config)
		}
		t.add(cells...)
	}
	if err := a.printTable(t, o); err != nil {
		return err
	}
	for _, s := range list {
		if o.format != formatWide || s.nextRuns == "" {
			continue
		}
		if err := printf(a.stdout, "%s: next runs %s\n", s.label, s.nextRuns); err != nil {
			return err
		}
	}
	a.warnStatus(list)
	return nil
}

// result returns the outcome of the last run in a word or two.
func (s *jobStatus) result() string {
	text := "ok"
	switch {
	case s.Interrupted:
		text = "interrupted"
	case s.Code == exitHook && s.HookPending:
		return "hook pending"
	case s.Code != exitOK:
		text = fmt.Sprintf("failed (%d)", s.Code)
	case len(s.Altered) > 0:
		text = "altered"
	case s.HookPending:
		return "hook pending"
	case s.LastRun.IsZero():
		text = "-"
	}
	if s.HookPending {
		text += ", hook pending"
	}
	return text
}

// warnStatus logs what the table has no room for: holds, overrides, errors and altered
// files.
func (a *app) warnStatus(list []jobStatus) {
	for _, s := range list {
		if !s.HeldUntil.IsZero() {
			a.log.Warn(fmt.Sprintf("%s: %s", s.label, heldText(state.Hold{Until: s.HeldUntil, Reason: s.HeldReason})))
		}
		for _, ref := range slices.Sorted(maps.Keys(s.Overridden)) {
			a.log.Warn(fmt.Sprintf("%s: %s", s.label, overrideText(ref, s.Overridden[ref])))
		}
	}
	for _, s := range list {
		text := s.Error
		if s.HookError != s.Error {
			text = strings.TrimSpace(text + "\n" + s.HookError)
		}
		if text != "" {
			a.log.Warn(s.label + ": " + text)
		}
		for _, path := range slices.Sorted(maps.Keys(s.Altered)) {
			a.log.Warn(fmt.Sprintf("%s: %s %s", s.label, path, s.Altered[path]))
		}
	}
}

// rfc3339 formats a time in the local zone, with its offset.
func rfc3339(t time.Time) string { return t.Local().Format(time.RFC3339) }

// orElse formats a time, or returns what there is instead of one.
func orElse(t time.Time, instead string) string {
	if t.IsZero() {
		return instead
	}
	return rfc3339(t)
}
