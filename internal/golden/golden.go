// Package golden runs golden tests of templates: each case of a test file renders one
// template from fixtures and compares the output with an expectation.
//
// A case does not depend on the machine: environment, files, host name and time come from
// its fixtures. Differences are masked as in a plan, because fixtures may be copies of real
// values. The package reads and writes files only through its [Runner].
package golden

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// Runner is what the tests need of the machine.
type Runner struct {
	// Read reads a test file, template, partial or expectation.
	Read func(path string) ([]byte, error)
	// Abs makes a path absolute, as those of a config are.
	Abs func(path string) string
	// Config loads the config that a test file refers to.
	Config func(path string) (*config.Config, error)
	// Write replaces name below dir; nil: differences are failures.
	Write func(dir, name string, data []byte) error
}

// Suite is the result of one test file.
type Suite struct {
	Path    string
	Results []Result
}

// Failed counts the cases that failed.
func (s Suite) Failed() (n int) {
	for _, r := range s.Results {
		if r.Problem != "" {
			n++
		}
	}
	return n
}

// Result is the result of one case. It holds no value of a fixture.
type Result struct {
	Name    string
	Line    int
	Problem string // empty: the case passed
	Diff    string // masked; where the output differs
	Updated string // the file that was changed to fit
}

// Run runs the cases of a test file. The error is for a file that cannot be run at all.
func (r *Runner) Run(ctx context.Context, path string) (Suite, error) {
	suite := Suite{Path: path}
	data, err := r.Read(path)
	if err != nil {
		return suite, err
	}
	tests, err := config.ParseTests(path, data)
	if err != nil {
		return suite, err
	}
	if err := r.checkFiles(tests); err != nil {
		return suite, err
	}
	j, err := r.job(tests)
	if err != nil {
		return suite, err
	}
	rewrite := &rewriter{path: path, data: data}
	for _, c := range tests.Cases {
		result, err := r.runCase(ctx, j, tests, c, rewrite)
		if err != nil {
			return suite, err
		}
		suite.Results = append(suite.Results, result)
	}
	return suite, rewrite.finish(r.Write)
}

// checkFiles refuses a template that cannot be read, because a case with want_error could
// pass by that failure. It also refuses an expectation that --update would write over a file
// that the test reads.
func (r *Runner) checkFiles(t *config.TestFile) error {
	if _, err := r.Read(t.Template); err != nil {
		return fmt.Errorf("%s: template: %w", t.Path, err)
	}
	read := append([]string{t.Path, t.Template, t.Config}, t.Partials...)
	for i := range read {
		read[i] = r.Abs(read[i])
	}
	for _, c := range t.Cases {
		if c.Want != "" && slices.Contains(read, r.Abs(filepath.Join(filepath.Dir(t.Path), c.Want))) {
			return &config.Error{File: t.Path, Line: c.Line, Key: "want", Msg: source.Show(c.Want) + " is a file that the test reads", Hint: "give the expected output a file of its own"}
		}
	}
	return nil
}

// job returns the job that the template is rendered as.
func (r *Runner) job(t *config.TestFile) (job.Job, error) {
	file := job.File{Src: t.Template}
	if t.Config == "" {
		return job.Job{Files: []job.File{file}, Partials: t.Partials}, nil
	}
	cfg, err := r.Config(t.Config)
	if err != nil {
		return job.Job{}, err
	}
	j := cfg.Base
	var found []string
	for _, of := range cfg.Jobs {
		for _, f := range job.Sample(&of, cfg.Trust.Tree).Files {
			if f.Src != r.Abs(t.Template) || t.Dest != "" && f.Dest != t.Dest {
				continue
			}
			found = append(found, f.Dest)
			j, file = of, f
			file.Src = t.Template
		}
	}
	switch {
	case len(found) > 1:
		return j, &config.Error{File: t.Path, Key: "dest", Msg: "the config has " + strings.Join(found, ", ") + " with this template: name one"}
	case len(found) == 0 && t.Dest != "":
		return j, &config.Error{File: t.Path, Key: "dest", Msg: source.Show(t.Dest) + " with this template is not in " + t.Config}
	}
	j.Files = []job.File{file}
	j.Partials = append(slices.Clone(j.Partials), t.Partials...)
	return j, nil
}

// runCase runs one case. The error is for an expectation that cannot be read or written.
func (r *Runner) runCase(ctx context.Context, j job.Job, t *config.TestFile, c config.TestCase, rewrite *rewriter) (Result, error) {
	result := Result{Name: c.Name, Line: c.Line}
	file := j.Files[0]
	entry, err := r.entry(file, t, c)
	if err != nil {
		return result, err
	}
	file.Entry = entry
	j.Files = []job.File{file}
	text, out, err := r.render(ctx, j, c)
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	switch {
	case c.WantError != "" && err == nil:
		result.Problem = fmt.Sprintf("renders without an error, want one with %q", c.WantError)
	case c.WantError != "" && !strings.Contains(err.Error(), c.WantError):
		result.Problem = fmt.Sprintf("fails otherwise, want an error with %q: %v", c.WantError, err)
	case c.WantError != "":
	case err != nil:
		result.Problem = "does not render: " + err.Error()
	default:
		return r.compare(result, t, c, text, out, rewrite)
	}
	return result, nil
}

func (r *Runner) compare(result Result, t *config.TestFile, c config.TestCase, text mask.Text, out []byte, rewrite *rewriter) (Result, error) {
	name, want, err := r.expected(t, c)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // such as a FIFO, which --update must not write
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // without the path again
		}
		result.Problem = name + " cannot be read: " + err.Error()
		return result, nil
	}
	if err != nil && r.Write == nil {
		result.Problem = fmt.Sprintf("%s cannot be read (--update writes it): %v", name, errors.Unwrap(err))
		return result, nil
	}
	diff := mask.Diff(name, want, text)
	switch {
	case diff == "" && err == nil:
	case r.Write == nil:
		result.Problem, result.Diff = "the output differs from "+name, diff
	case c.WantText != nil:
		result.Updated = t.Path
		rewrite.replace(c.Line, *c.WantText, string(out))
	default:
		result.Updated = name
		return result, r.Write(filepath.Dir(t.Path), c.Want, out)
	}
	return result, nil
}

// expected returns the expected output of a case, never nil, and its name in messages.
func (r *Runner) expected(t *config.TestFile, c config.TestCase) (name string, want []byte, err error) {
	if c.WantText != nil {
		return "want_text of " + c.Name, []byte(*c.WantText), nil
	}
	name = filepath.Join(filepath.Dir(t.Path), c.Want)
	want, err = r.Read(name)
	return name, append([]byte{}, want...), err
}

// render renders the template of a case.
func (r *Runner) render(ctx context.Context, j job.Job, c config.TestCase) (text mask.Text, out []byte, err error) {
	vars := map[string]any{}
	maps.Copy(vars, j.Vars)
	maps.Copy(vars, c.Vars)
	j.Vars = vars
	units, err := job.Load(&j, nil, r.Read)
	if err != nil {
		return text, nil, err
	}
	x := template.NewFetcher(c.Fixtures).Template(units[0].Template, template.Resolver{
		Host: host(c),
		AllowNoMatch: func(pattern source.Ref) bool {
			return slices.ContainsFunc(j.AllowNoMatch, func(allowed string) bool { return source.Match(allowed, pattern.Text()) })
		},
	})
	template.Gather(ctx, x)
	if err := template.Missing(x); err != nil {
		return text, nil, err
	}
	file, err := x.Execute(ctx)
	if err != nil {
		return text, nil, clockHint(err, c, x)
	}
	if err := job.Validate(j.Files[0].Format, file.Bytes, file.Prints()); err != nil {
		return text, nil, err
	}
	text, err = x.Mask(ctx, file)
	return text, file.Bytes, err
}

// clockHint adds a hint to the error of a case without a time whose template uses it.
func clockHint(err error, c config.TestCase, x *template.Rendering) error {
	if c.Now.IsZero() && slices.ContainsFunc(x.Asked(), func(q template.Query) bool { return q.Kind == template.Now }) {
		return fmt.Errorf("%w: the template uses the time: add now to the case", err)
	}
	return err
}

var errNoFixture = errors.New("not in the fixtures of the case")

// host answers from the fixtures of a case alone.
func host(c config.TestCase) template.Host {
	h := template.Host{
		LookupEnv: func(name string) (string, bool) { v, set := c.Fixtures.Env[name]; return v, set },
		Environ: func() (all []string) {
			for name, value := range c.Fixtures.Env {
				all = append(all, name+"="+value)
			}
			return all
		},
		ReadFile: func(path string) ([]byte, error) {
			if v, ok := c.Fixtures.File[path]; ok {
				return v.Reveal(), nil
			}
			return nil, errNoFixture
		},
		Hostname: func() (string, error) {
			if c.Fixtures.Hostname == "" {
				return "", errNoFixture
			}
			return c.Fixtures.Hostname, nil
		},
		LoadLocation: func(name string) (*time.Location, error) {
			return time.LoadLocation(cmp.Or(strings.TrimPrefix(name, "Local"), "UTC"))
		},
		SaltKey: func() ([]byte, error) { return []byte(secretfile.PublicSalt), nil },
	}
	if !c.Now.IsZero() {
		h.Now = func() time.Time { return c.Now }
	}
	return h
}
