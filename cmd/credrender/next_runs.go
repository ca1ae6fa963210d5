package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
)

// shownRuns is the number of next runs that lint, plan and status show.
const shownRuns = 3

// nextRuns returns the next times of a job's schedule, each with its zone, and the
// splay, or "" for a job without a schedule. An empty host means any host.
func nextRuns(j *job.Job, host string, now time.Time) string {
	var list []string
	for _, at := range j.Schedule.Runs(now, shownRuns) {
		list = append(list, zoned(at))
	}
	if len(list) == 0 {
		return ""
	}
	text := strings.Join(list, ", ")
	switch {
	case j.Splay <= 0:
	case host == "":
		text += fmt.Sprintf("; each up to %v later by the host's splay", j.Splay)
	default:
		tick, at := (schedule.Entry{ID: j.ID, Schedule: j.Schedule, Splay: j.Splay}).Next(host, now)
		text += fmt.Sprintf("; each %v later by this host's splay", at.Sub(tick).Round(time.Second))
	}
	return text
}

// addNextRuns adds the next runs by a daemon to the status of a job.
func (a *app) addNextRuns(s *jobStatus, j *job.Job) {
	now := time.Now()
	s.NextRuns = j.Schedule.Runs(now, shownRuns)
	if len(s.NextRuns) == 0 {
		return
	}
	s.nextRuns = nextRuns(j, a.machine(), now)
	s.Zone = s.NextRuns[0].Location().String()
	if j.Schedule.Zone() == nil {
		s.Zone = s.NextRuns[0].Format("MST")
	}
	_, s.NextTick = (schedule.Entry{ID: j.ID, Schedule: j.Schedule, Splay: j.Splay}).Next(a.machine(), now)
}

// zoned formats a time with the zone that it is in.
func zoned(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") }

// checkSchedules refuses an unknown TZ if a schedule depends on it, and warns of
// schedules that look like a mistake.
func (a *app) checkSchedules(jobs []job.Job) error {
	for _, j := range jobs {
		if w := j.Schedule.Warning(); w != "" {
			a.log.Warn(fmt.Sprintf("%s: schedule %q: %s", j.Name, j.Schedule, w), "job", j.Name)
		}
	}
	if !slices.ContainsFunc(jobs, func(j job.Job) bool { return j.Schedule.NeedsZone() }) {
		return nil
	}
	tz, _ := a.lookupEnv("TZ")
	if err := schedule.CheckTZ(tz); err != nil {
		return usagef("%w: a schedule without CRON_TZ would run in UTC", err)
	}
	return nil
}

// isConfigured reports whether a job comes from the config. Others inherit its
// schedule, and no daemon runs them.
func isConfigured(j *job.Job) bool {
	_, ok := job.ConfigOf(j.ID, j.Name)
	return ok
}
