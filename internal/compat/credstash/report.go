package credstash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
	item "github.com/credrender/credrender/pkg/source/credstash"
)

// secretError is an error about one secret.
type secretError struct {
	ref source.Ref
	err error
}

func (e *secretError) Unwrap() error { return e.err }

// partialError is the failure of some secrets of a command.
type partialError struct {
	err       error
	failed, n int
}

func (e *partialError) Error() string { return fmt.Sprintf("%d of %d failed", e.failed, e.n) }
func (e *partialError) Unwrap() error { return e.err }

// Error returns the message of credstash if it has one, since scripts search for it.
func (e *secretError) Error() string {
	version, notNext := errors.AsType[*item.VersionError](e.err)
	switch {
	case errors.Is(e.err, source.ErrNotFound) && e.ref.Version == "":
		return fmt.Sprintf("Item {'name': '%s'} couldn't be found.", compat.Word(e.ref.Name))
	case errors.Is(e.err, source.ErrNotFound):
		return fmt.Sprintf("Item {'name': '%s', 'version': '%s'} couldn't be found.", compat.Word(e.ref.Name), compat.Word(item.Pad(e.ref.Version)))
	case errors.Is(e.err, source.ErrWrongContext):
		return compat.WrongContext
	case errors.Is(e.err, source.ErrIntegrity):
		return fmt.Sprintf("INTEGRITY ERROR: %v", e.err)
	case errors.Is(e.err, source.ErrExists):
		return "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: The conditional request failed\n" +
			fmt.Sprintf("%s version %s is already in the credential store; -a stores the next one, -v another", compat.Word(e.ref.Name), compat.Word(e.ref.Version))
	case notNext && errors.Is(e.err, item.ErrNotInt):
		return fmt.Sprintf("Can not autoincrement version. The current version: %s is not an int", compat.Word(version.Version))
	}
	return words(e.err)
}

// words formats an error of AWS as botocore does.
func words(err error) string {
	text, operation := compat.ErrorText(err)
	switch operation {
	case "Decrypt":
		return "KMS ERROR: Decryption error " + text
	case "GenerateDataKey":
		return "KMS ERROR: Could not generate key using KMS (Details: " + text + ")"
	}
	return text
}

// report prints and logs an error. Each part of a partialError gets a line with its name.
func (s *session) report(err error) {
	text := words(err)
	if many, ok := errors.AsType[*partialError](err); ok {
		var b strings.Builder
		joined, _ := many.err.(interface{ Unwrap() []error })
		for _, err := range joined.Unwrap() {
			one, _ := errors.AsType[*secretError](err)
			_, _ = fmt.Fprintf(&b, "%s: %s\n", source.Show(one.ref.Name), one.Error())
		}
		text = b.String() + many.Error()
	} else if one, ok := errors.AsType[*secretError](err); ok {
		text = one.Error()
	}
	_, hasRegion := s.LookupEnv("AWS_REGION")
	_, hasDefault := s.LookupEnv("AWS_DEFAULT_REGION")
	if errors.Is(err, source.ErrNoStore) && hasRegion && !hasDefault && !s.call.given("region") {
		text += "\nlike credstash, this does not read AWS_REGION: set -r or AWS_DEFAULT_REGION"
	}
	_, _ = fmt.Fprintln(s.Stderr, text)
	s.log.write(s.Now(), text)
}

// warnShadowed warns that get returned a version that hides newer ones. Versions sort as
// strings, and credstash before 1.13 stored some without padding.
func (s *session) warnShadowed(ctx context.Context, b *Backend, ref source.Ref, got string) {
	if ref.Version != "" || got == "" || got == item.Pad(got) {
		return
	}
	stored, err := b.History.Versions(ctx, ref.Name)
	if err != nil {
		return // the value was read, and the warning is optional
	}
	for _, v := range slices.Backward(stored) {
		if item.Hides(got, v.Version) {
			s.warn("%s: version %s hides version %s, because it is not padded and sorts after it", source.Show(ref.Name), source.Show(got), v.Version)
			return
		}
	}
}

// warnHidden warns that get will not return the stored version.
func (s *session) warnHidden(ctx context.Context, b *Backend, name, version string) {
	stored, err := b.History.Versions(ctx, name)
	if err != nil || len(stored) == 0 {
		return // a writer may have no other right than PutItem
	}
	if newest := stored[len(stored)-1].Version; item.Hides(newest, version) {
		s.warn("%s: version %s was stored, but get still returns version %s, which is not padded and sorts after it",
			source.Show(name), version, source.Show(newest))
	}
}

// logFile is the file of --log-file. Unlike credstash, no file is written without the flag.
type logFile struct{ file *os.File }

func (s *session) openLog() error {
	level, levels := s.call.text("log_level"), []string{"CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET"}
	if s.call.given("log_level") && !slices.Contains(levels, level) {
		return fmt.Errorf("--log-level: unknown level %s", py.Quote(level))
	}
	path := s.call.text("log_file")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("--log-file: %w", err)
	}
	if level != "CRITICAL" && level != "FATAL" {
		s.log = &logFile{file}
		return nil
	}
	return file.Close()
}

func (s *session) closeLog() {
	if s.log == nil {
		return
	}
	if err := s.log.file.Close(); err != nil {
		s.warn("--log-file: %v", err)
	}
}

func (l *logFile) write(now time.Time, text string) {
	if l == nil {
		return
	}
	_, _ = fmt.Fprintf(l.file, "%s ERROR %s\n", compat.LogTime(now), text)
}
