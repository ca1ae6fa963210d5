package render

import (
	"slices"

	"github.com/credrender/credrender/pkg/source"
)

// VersionChange is a secret of which a job has another version in place than it would
// render now. Old is "" for a secret that the last run did not look up, and New for one
// that the job looks up no longer.
type VersionChange struct {
	Ref      source.Ref
	Old, New string
}

// VersionChanges compares the versions of the job's secrets with those that the state
// directory says are in place, as far as it says. Refs of a stated version are left out.
func (p *Plan) VersionChanges() (list []VersionChange) {
	if p.state == nil || p.state.Foreign() {
		return nil
	}
	before := versionsOf(p.state.Record().Trace)
	if len(before) == 0 {
		return nil
	}
	now := versionsOf(p.Trace)
	for _, k := range slices.Concat(p.Trace, p.state.Record().Trace) {
		c := VersionChange{k.Ref, before[k.Ref], now[k.Ref]}
		if k.Ref.Version == "" && c.Old != c.New && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

func versionsOf(trace []source.Known) map[source.Ref]string {
	m := map[source.Ref]string{}
	for _, k := range trace {
		m[k.Ref] = k.Trace.Version
	}
	return m
}
