package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// Of a value that is elsewhere nothing is said that would write the table, and
// only what may pass by itself is waited for.
func TestDiagnoseElsewhere(t *testing.T) {
	d := &doctor{a: &app{}}
	region := errors.New("the bucket is in region us-west-2, but was requested in eu-west-1")
	for _, from := range []string{source.S3, source.S3Object, source.SSM, source.SecretsManager, source.EC2} {
		for _, kind := range []error{source.ErrNotFound, source.ErrIntegrity, source.ErrUnsupported, source.ErrNoStore, source.ErrWrongContext, region} {
			ref := source.Ref{Source: from, Name: "bucket/key", Version: "v"}
			text, fixes := d.diagnose(t.Context(), job.Store{}, ref, fmt.Errorf("said: %w", kind))
			if !strings.HasPrefix(text, "said: ") || len(fixes) > 0 {
				t.Errorf("%s, %v: %s, fixed by %q", from, kind, text, fixes)
			}
		}
		for _, kind := range []error{source.ErrThrottled, source.ErrUnreachable} {
			if _, fixes := d.diagnose(t.Context(), job.Store{}, source.Ref{Source: from, Name: "n"}, kind); len(fixes) != 1 || !strings.Contains(fixes[0], "render --wait") {
				t.Errorf("%s, %v: fixed by %q", from, kind, fixes)
			}
		}
	}
}
