package credsmash

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source"
)

// entries lists the versions in the table, by name and then by number.
func (s *session) entries(ctx context.Context, pattern string) ([]source.Entry, error) {
	match := func(string) bool { return true }
	if pattern != "" {
		var err error
		if match, err = glob(pattern); err != nil {
			return nil, fmt.Errorf("pattern %s: %w", source.Show(pattern), err)
		}
	}
	b, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := b.List(ctx, "")
	entries = slices.DeleteFunc(entries, func(e source.Entry) bool { return !match(e.Name) })
	slices.SortStableFunc(entries, func(x, y source.Entry) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), compareVersions(x.Version, y.Version))
	})
	return entries, err
}

// compareVersions orders versions by number. Those that are not numbers come first, in
// byte order.
func compareVersions(x, y string) int {
	m, okM := new(big.Int).SetString(x, 10)
	n, okN := new(big.Int).SetString(y, 10)
	switch {
	case okM && okN:
		return cmp.Or(m.Cmp(n), cmp.Compare(x, y))
	case okM != okN && okM:
		return 1
	case okM != okN:
		return -1
	}
	return cmp.Compare(x, y)
}

// showVersion formats a version as a number, like credsmash. A version that is not a
// number, for which credsmash fails, stays unchanged.
func showVersion(v string) string {
	if n, ok := new(big.Int).SetString(v, 10); ok {
		return n.String()
	}
	return v
}

func (s *session) list(ctx context.Context) error {
	entries, err := s.entries(ctx, s.call.arg(0, ""))
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		_, _ = fmt.Fprintf(&b, "%-*s -- version %s\n", s.Width(entries), s.Listed(e.Name), s.Listed(showVersion(e.Version)))
	}
	return s.Print(b.String())
}

// fetch fetches secrets in one batch. If some are missing or unreadable, the error lists
// them.
func (s *session) fetch(ctx context.Context, names []string, version string) (map[string][]byte, error) {
	b, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	refs := make([]source.Ref, len(names))
	for i, name := range names {
		refs[i] = source.Ref{Name: name, Version: version, Context: s.context}
	}
	got := b.Fetch(ctx, refs)
	values := map[string][]byte{}
	var failed []error
	for _, r := range refs {
		if err := got[r].Err; err != nil {
			failed = append(failed, &secretError{r.Name, version, err})
			continue
		}
		values[r.Name] = got[r].Secret.Reveal()
	}
	return values, errors.Join(failed...)
}

// version returns the version of -v. As in credsmash, 0 is the newest.
func (s *session) version() (string, error) {
	text := strings.TrimSpace(s.call.text("--version", ""))
	if text == "" {
		return "", nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return "", fmt.Errorf("version %s is not a number", source.Show(text))
	}
	if n == 0 {
		return "", nil
	}
	return strconv.FormatInt(n, 10), nil
}

func (s *session) get(ctx context.Context) error { return s.writeOne(ctx, s.call.args[0]) }

func (s *session) findOne(ctx context.Context) error {
	pattern := s.call.args[0]
	entries, err := s.entries(ctx, pattern)
	if err != nil {
		return err
	}
	found := compat.Names(entries)
	switch len(found) {
	case 0:
		//lint:ignore ST1005 credsmash's words
		return fmt.Errorf("No matching secrets found for pattern=%s", compat.Word(pattern))
	case 1:
		return s.writeOne(ctx, found[0])
	}
	//lint:ignore ST1005 credsmash's words
	return fmt.Errorf("Too many results (%d) for pattern=%s", len(found), compat.Word(pattern))
}

func (s *session) writeOne(ctx context.Context, name string) error {
	version, err := s.version()
	if err != nil {
		return err
	}
	values, err := s.fetch(ctx, []string{name}, version)
	if err != nil {
		return err
	}
	destination := s.call.arg(1, "-")
	format := s.call.text("--format", formatOf(destination, "raw"))
	if format == "raw" {
		return s.write(ctx, destination, values[name])
	}
	if !utf8.Valid(values[name]) {
		return &secretError{name, version, errors.New("is binary, which only the format raw can hold")}
	}
	return s.writeMany(ctx, values, destination, format)
}

func (s *session) getAll(ctx context.Context) error {
	b, err := s.store(ctx)
	if err != nil {
		return err
	}
	got, err := b.Glob(ctx, source.Ref{Name: "*", Context: s.context})
	if err != nil {
		return err
	}
	values := map[string][]byte{}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if err := got[name].Err; err != nil {
			failed = append(failed, &secretError{name, "", err})
		}
		values[name] = got[name].Secret.Reveal()
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	destination := s.call.arg(0, "-")
	return s.writeMany(ctx, values, destination, s.call.text("--format", formatOf(destination, "json")))
}

func (s *session) findMany(ctx context.Context) error {
	entries, err := s.entries(ctx, s.call.args[0])
	if err != nil {
		return err
	}
	values, err := s.fetch(ctx, compat.Names(entries), "")
	if err != nil {
		return err
	}
	destination := s.call.arg(1, "-")
	return s.writeMany(ctx, values, destination, s.call.text("--format", formatOf(destination, "json")))
}

// writeMany leaves out binary values with a warning, like credsmash.
func (s *session) writeMany(ctx context.Context, values map[string][]byte, destination, format string) error {
	texts := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !utf8.Valid(values[name]) {
			s.log(levelWarning, "util", "Could not decode %s as utf-8", source.Show(name))
			continue
		}
		texts[name] = string(values[name])
	}
	data, err := dump(texts, format)
	if err != nil {
		return err
	}
	return s.write(ctx, destination, data)
}

// write prints a result, or writes it to a file.
func (s *session) write(ctx context.Context, destination string, data []byte) error {
	if destination == "-" {
		return s.Print(string(data))
	}
	return s.Install(ctx, destination, []File{{Path: destination, Data: data}})
}

func (s *session) setup(ctx context.Context) error {
	b, err := s.store(ctx)
	if err != nil {
		return err
	}
	created, err := b.Create(ctx)
	if err == nil && !created {
		//lint:ignore ST1005 credsmash's words
		err = errors.New("Credential Store table already exists")
	}
	if err == nil {
		s.log(levelInfo, "dynamodb_storage_service", "created table %q", s.where.Table)
	}
	return err
}

// glob returns the match function of Python's fnmatch: * ? [seq] [!seq].
func glob(pattern string) (func(name string) bool, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			closing := strings.IndexByte(pattern[min(i+2, len(pattern)):], ']')
			if closing < 0 {
				b.WriteString(`\[`)
				continue
			}
			closing += i + 2
			set := strings.ReplaceAll(pattern[i+1:closing], `\`, `\\`)
			set = strings.ReplaceAll(set, "[", `\[`)
			switch {
			case strings.HasPrefix(set, "!"):
				set = "^" + set[1:]
			case strings.HasPrefix(set, "^"):
				set = `\` + set
			}
			b.WriteString("[" + set + "]")
			i = closing
		default:
			if c < utf8.RuneSelf {
				b.WriteString(regexp.QuoteMeta(string(rune(c))))
				continue
			}
			b.WriteByte(c) // the bytes of a rune stay in order
		}
	}
	re, err := regexp.Compile(`(?s)\A(?:` + b.String() + `)\z`)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}
