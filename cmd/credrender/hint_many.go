package main

import (
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// manyError is what failed of many secrets: what to do about it is another thing
// than of one.
type manyError struct {
	err error
	// partial: there is a flag of that name, which was not given.
	partial bool
}

func (e *manyError) Error() string { return e.err.Error() }
func (e *manyError) Unwrap() error { return e.err }

// manyFailed says of how many what is the matter, and then of each why.
func manyFailed(all int, what string, failed []*source.RefError) *manyError {
	return &manyError{err: fmt.Errorf("%d of %d %s:\n%w", len(failed), all, what, &template.SecretsError{Failures: failed})}
}

// many says what to do where one command is about many secrets, or "".
func (ad adviser) many(err error) (text string) {
	many, ok := errors.AsType[*manyError](err)
	if !ok {
		return ""
	}
	if errors.Is(err, source.ErrWrongContext) {
		text = "where contexts differ, --context-map FILE says which names have which (docs/lifecycle.md)"
	}
	if many.partial && leavable(err) {
		if text == "" {
			text = ad.one(err)
		}
		if text != "" {
			text += "; "
		}
		text += "--partial leaves out what cannot be opened"
	}
	return text
}

// leavable reports whether there is something of which nothing else would come
// however often it is asked for: of what a network or a quota kept away nothing
// is known.
func leavable(err error) bool {
	return isOne(err, source.ErrWrongContext, source.ErrDenied, source.ErrIntegrity, source.ErrUnsupported, errBinary)
}
