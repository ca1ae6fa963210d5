package credsmash

import (
	"errors"
	"fmt"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source"
)

// secretError is an error about one secret.
type secretError struct {
	name    string
	version string
	err     error
}

func (e *secretError) Error() string {
	version := e.version
	if version == "" {
		version = "None"
	}
	switch {
	case errors.Is(e.err, source.ErrNotFound):
		return fmt.Sprintf("Item {'name': '%s', 'version': %s} couldn't be found.", compat.Word(e.name), version)
	case errors.Is(e.err, source.ErrWrongContext):
		return compat.Word(e.name) + ": " + compat.WrongContext
	case errors.Is(e.err, source.ErrIntegrity):
		return fmt.Sprintf("%s: INTEGRITY ERROR: %v", compat.Word(e.name), e.err)
	}
	return source.Show(e.name) + ": " + words(e.err)
}

func (e *secretError) Unwrap() error { return e.err }

// words formats an error of AWS as botocore does, because scripts search for the codes.
func words(err error) string {
	if _, placed := errors.AsType[*secretError](err); placed {
		return err.Error()
	}
	text, _ := compat.ErrorText(err)
	return text
}
