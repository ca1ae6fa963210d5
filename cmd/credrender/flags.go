package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
)

// ofDest returns those flags with their values that make sense only for a file
// on the command line.
func (f *jobFlags) ofDest() map[string]string {
	given := map[string]string{
		"mode": f.mode, "owner": f.owner, "group": f.group, "check": f.check, "verify": f.verify, "hook": f.hook,
		"permit": strings.Join(f.permit, ","),
	}
	if f.inPlace {
		given["in-place"] = "true"
	}
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	return given
}

// refuseWithoutDest refuses what standard output cannot have.
func (f *jobFlags) refuseWithoutDest() error {
	for _, flag := range slices.Sorted(maps.Keys(f.ofDest())) {
		return usagef("--%s goes with SRC:DEST: there is no DEST but standard output", flag)
	}
	return nil
}

// commanded applies what the flags say of ad-hoc jobs.
func commanded(j job.Job, f *jobFlags) (job.Job, error) {
	file := &j.Files[0]
	if f.mode != "" {
		m, err := config.ParseMode(f.mode)
		if err != nil {
			return j, usagef("--mode: %v", err)
		}
		file.Mode = &m
	}
	file.Owner, file.Group, file.InPlace = f.owner, f.group, f.inPlace
	var err error
	if file.Permit, err = config.ParsePermit(f.permit); err != nil {
		return j, usagef("--permit: %v", err)
	}
	file.Check = job.Command{Shell: f.check}
	j.Verify, j.Hook = job.Command{Shell: f.verify}, job.Command{Shell: f.hook}
	j.CheckTimeout, j.HookTimeout = job.CheckTimeout, job.HookTimeout
	if p := hook.Misplaced(file.Check, true); p != "" {
		return j, usagef("--check: %s is neither {{.src}}, the staged file, nor {{.dest}}", p)
	}
	for flag, c := range map[string]job.Command{"verify": j.Verify, "hook": j.Hook} {
		if p := hook.Misplaced(c, false); p != "" {
			return j, usagef("--%s: %s means something in --check alone: write the path", flag, p)
		}
	}
	return j, nil
}
