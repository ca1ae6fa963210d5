package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

// expand gives each job the files that its folders and lists make now. Names that match a
// pattern are those that the last render has seen: only a job that is rendered asks for
// them (expandAnew).
func (r *run) expand() {
	for _, p := range r.plans {
		names := func(pattern source.Ref) ([]string, error) { return p.seenNames(pattern), nil }
		r.expandJob(p, names)
	}
}

func (r *run) expandJob(p *Plan, names func(source.Ref) ([]string, error)) {
	if !p.given.IsMany() {
		return
	}
	expanded, err := job.Expand(p.given, job.World{
		Tree:  func(dir string) ([]string, error) { return r.env.Tree(p.given, dir) },
		Names: names,
	})
	if err != nil {
		p.misplaced = true
		p.fail(err)
		return
	}
	p.Job = expanded
}

// seenNames returns the names that a pattern matched at the last render.
func (p *Plan) seenNames(pattern source.Ref) []string {
	if p.state == nil {
		return nil
	}
	for _, m := range p.state.Record().Matches {
		if m.Pattern == pattern {
			return m.Names
		}
	}
	return nil
}

// expandAnew asks the sources which names match the patterns of the jobs to render.
func (r *run) expandAnew(ctx context.Context) {
	anew := false
	ctx, cancel := r.limit.Context(ctx)
	defer cancel()
	for _, p := range r.changed() {
		if len(p.given.Patterns()) == 0 || p.report.Err != nil {
			continue
		}
		anew, p.placed = true, false
		r.expandJob(p, func(pattern source.Ref) ([]string, error) { return r.names(ctx, p, pattern) })
	}
	if anew {
		r.dests, r.byKey = nil, nil
		r.checkDestinations()
	}
}

// names returns the names that match a pattern now, sorted. Nothing is decrypted where the
// source can list.
func (r *run) names(ctx context.Context, p *Plan, pattern source.Ref) ([]string, error) {
	i := slices.IndexFunc(p.matches, func(m state.Matches) bool { return m.Pattern == pattern })
	if i >= 0 {
		return p.matches[i].Names, nil
	}
	names, err := listNames(ctx, r.env.Open, p.Job.Store, pattern)
	if err == nil && len(names) == 0 && !r.mayMatchNothing(p, pattern) {
		err = source.ErrNoMatch
	}
	if err != nil {
		return nil, fmt.Errorf("for_each %s: %w", source.Show(pattern.Text()), &source.RefError{Ref: pattern, Err: err})
	}
	p.matches = append(p.matches, state.Matches{Pattern: pattern, Names: names})
	return names, nil
}

func listNames(ctx context.Context, open Opener, store job.Store, pattern source.Ref) (names []string, err error) {
	src, err := open(ctx, store, pattern.Source)
	if err != nil {
		return nil, err
	}
	switch src := src.(type) {
	case source.Lister:
		entries, err := src.List(ctx, pattern.Name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			names = append(names, e.Name)
		}
	case source.Globber:
		values, err := src.Glob(ctx, pattern)
		if err != nil {
			return nil, err
		}
		for name := range values {
			names = append(names, name)
		}
	default:
		return nil, fmt.Errorf("%w: this source cannot search by pattern", source.ErrRef)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// newMatches reports whether a pattern of for_each matches other names than before.
func newMatches(ctx context.Context, open Opener, s Seen, m state.Matches) (bool, error) {
	names, err := listNames(ctx, open, s.Store, m.Pattern)
	if errors.Is(err, source.ErrRef) {
		return true, nil
	}
	return err != nil || !slices.Equal(names, m.Names), err
}

// folders returns the folders of templates of all jobs.
func (r *run) folders() (dirs []string) {
	for _, p := range r.plans {
		for _, f := range p.given.Files {
			if f.Folder {
				dirs = append(dirs, f.Src)
			}
		}
	}
	return dirs
}

// inFolder returns the folder of templates in which a destination is, or "": what a run
// writes there would be a source of the next one.
func (r *run) inFolder(d destination) string {
	for _, dir := range r.folders() {
		if id, ok := r.identify(dir); ok && d.id.Below(id) {
			return dir
		}
	}
	return ""
}

// below returns the name below Root of a path of the host.
func (r *run) below(host string) (name string, ok bool) {
	root := strings.TrimSuffix(r.env.Disk.Host("/"), "/")
	name, ok = strings.CutPrefix(host, root)
	return name, ok && strings.HasPrefix(name, "/")
}
