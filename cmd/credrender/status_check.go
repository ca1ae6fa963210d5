package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/state"
)

// checkStatus names what is wrong, for monitoring. What cannot be judged is wrong
// too: silence means that all is well.
func (a *app) checkStatus(st *state.Dir, list []jobStatus, o *statusOptions) error {
	var errs []error
	if err := st.Writable(); err != nil {
		errs = append(errs, fmt.Errorf("%w: what runs do now is not recorded", err))
	}
	judged := 0
	for _, s := range list {
		if !s.ofConfig && !o.all {
			continue
		}
		judged++
		if why := s.wrong(o.maxAge); why != "" {
			errs = append(errs, fmt.Errorf("%s: %s", s.Job, why))
		}
		for _, path := range slices.Sorted(maps.Keys(s.Altered)) {
			errs = append(errs, fmt.Errorf("%s: %s %s since its last good run", s.Job, path, s.Altered[path]))
		}
	}
	switch {
	case judged > 0:
	case o.all:
		errs = append(errs, errors.New("no job has run yet, and the config has none"))
	default:
		errs = append(errs, usagef("--check: the config has no jobs: --config names another, --all judges those of the command line"))
	}
	return errors.Join(errs...)
}

// wrong says what is wrong with a job, or "".
func (s *jobStatus) wrong(maxAge time.Duration) string {
	switch age := time.Since(s.LastSuccess); {
	case s.Interrupted:
		return "its last run was cut off"
	case s.HookOwed && (s.Code == exitOK || s.Code == exitHook):
		return strings.TrimSuffix("its hook is owed: "+s.HookError, ": ")
	case s.Code != exitOK:
		return "its last run failed: " + s.Error
	case s.LastRun.IsZero():
		return "it has not run yet"
	case s.LastSuccess.IsZero():
		return "it has not succeeded yet"
	case maxAge > 0 && age < -maxAge: // else it would be young for ever
		return fmt.Sprintf("it last succeeded at %s, which is yet to come: the clock was set back", stamp(s.LastSuccess))
	case maxAge > 0 && age > maxAge:
		return fmt.Sprintf("it last succeeded %s ago", age.Round(time.Second))
	}
	return ""
}
