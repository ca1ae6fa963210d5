package main

import (
	"errors"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/rotate"
)

// rotationFailure reports whether a rotation failed because verify refused the candidate,
// and whether it failed after publishing. A verify that cannot be started refuses nothing.
func rotationFailure(err error) (refused, after bool) {
	failed, ok := errors.AsType[*rotate.StepError](err)
	if !ok {
		return false, false
	}
	return failed.Step == rotate.Verify && !errors.Is(err, hook.ErrStart), failed.Step == rotate.WaitFor || failed.Step == rotate.Revoke
}

// rotationHint returns the hint for the error of a rotation, or "".
func rotationHint(err error) string {
	_, after := rotationFailure(err)
	switch {
	case after:
		return "the new value is in force and the old one is not revoked; run the same command again to finish"
	case errors.Is(err, rotate.ErrOther):
		return "run it without a new value to finish with the kept candidate, or with --abort to give that up"
	case errors.Is(err, rotate.ErrUnfinished):
		return "run the same command again: it looks whether the candidate is published, and goes on from there"
	case errors.Is(err, rotate.ErrInForce):
		return "if that is meant, 'credrender delete REF.next' forgets the rotation"
	case errors.Is(err, rotate.ErrPublished):
		return "run the rotation again to finish it"
	}
	return ""
}
