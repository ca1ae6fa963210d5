package credstash

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source"
)

// errBinary is the error for a binary value in a dump. credstash fails too, also with -n.
var errBinary = errors.New("the value is binary; 'get -n NAME' prints it as it is")

func (s *session) get(ctx context.Context, b *Backend) error {
	c, err := s.call.context()
	if err != nil {
		return err
	}
	ref := source.Ref{Name: s.call.text("credential"), Version: wanted(s.call.text("version")), Context: c}
	if strings.Contains(ref.Name, "*") {
		return s.getMatching(ctx, b, ref)
	}
	got := b.Fetch(ctx, []source.Ref{ref})[ref]
	if got.Err != nil {
		return &secretError{ref, got.Err}
	}
	s.warnShadowed(ctx, b, ref, got.Trace.Version)
	value := string(got.Secret.Reveal())
	switch {
	case s.call.given("noline"):
		return s.Print(value)
	case !utf8.ValidString(value):
		return errBinary
	}
	return s.Print(value + "\n")
}

// getMatching gets all secrets that match a pattern, with one list and one batch.
func (s *session) getMatching(ctx context.Context, b *Backend, ref source.Ref) error {
	match, err := pattern(ref.Name)
	if err != nil {
		return err
	}
	got, err := s.fetchAll(ctx, b, ref, match)
	if err != nil {
		return err
	}
	return s.dump(ctx, b, ref, got, "")
}

// pattern returns credstash's match function: * matches any characters, and the rest of
// the pattern is a regular expression.
func pattern(name string) (func(string) bool, error) {
	// Python's $ also matches before a newline at the end.
	re, err := regexp.Compile("^" + strings.ReplaceAll(name, "*", ".*") + `(?:\n?\z)`)
	if err != nil {
		return nil, fmt.Errorf("pattern %s is a regular expression that cannot be read: %w", source.Show(name), err)
	}
	return re.MatchString, nil
}

func (s *session) getall(ctx context.Context, b *Backend) error {
	c, err := s.call.context()
	if err != nil {
		return err
	}
	ref := source.Ref{Name: "*", Version: wanted(s.call.text("version")), Context: c}
	var got map[string]source.Result
	if ref.Version == "" {
		got, err = b.Glob(ctx, ref)
	} else {
		got, err = s.fetchAll(ctx, b, ref, func(string) bool { return true })
	}
	if err != nil {
		return err
	}
	return s.dump(ctx, b, ref, got, "\n")
}

// fetchAll fetches ref's version of every matching name.
func (s *session) fetchAll(ctx context.Context, b *Backend, ref source.Ref, match func(string) bool) (map[string]source.Result, error) {
	entries, err := b.List(ctx, "")
	if err != nil {
		return nil, err
	}
	var refs []source.Ref
	for _, name := range compat.Names(entries) {
		if match(name) {
			refs = append(refs, source.Ref{Name: name, Version: ref.Version, Context: ref.Context})
		}
	}
	results := map[string]source.Result{}
	for r, got := range b.Fetch(ctx, refs) {
		results[r.Name] = got
	}
	return results, nil
}

// dump prints values in the requested format, and end. If some are missing or unreadable,
// it returns an error that lists them, and prints nothing.
func (s *session) dump(ctx context.Context, b *Backend, ref source.Ref, got map[string]source.Result, end string) error {
	values := map[string]string{}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(got)) {
		r := got[name]
		value := string(r.Secret.Reveal())
		if r.Err == nil && !utf8.ValidString(value) {
			r.Err = errBinary
		}
		if r.Err != nil {
			failed = append(failed, &secretError{source.Ref{Name: name, Version: ref.Version}, r.Err})
			continue
		}
		values[name] = value
		s.warnShadowed(ctx, b, source.Ref{Name: name, Version: ref.Version}, r.Trace.Version)
	}
	if len(failed) > 0 {
		return &partialError{errors.Join(failed...), len(failed), len(got)}
	}
	var text string
	switch s.call.text("format") {
	case "csv":
		text = dumpCSV(values)
	case "dotenv":
		s.warnQuotes(values)
		text = dumpDotenv(values)
	case "yaml":
		text = dumpYAML(values)
	default:
		text = dumpJSON(values)
	}
	return s.Print(text + end)
}

// warnQuotes warns of values that break dotenv output, which escapes nothing.
func (s *session) warnQuotes(values map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if strings.Contains(values[name], "'") {
			s.warn("%s holds a single quote, which this format does not escape: do not source it", source.Show(name))
		}
	}
}
