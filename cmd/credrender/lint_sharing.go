package main

import (
	"fmt"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// sharing finds contexts that are used both for objects in S3 and for items of a table.
// A KMS ciphertext does not contain its purpose: a user who may encrypt chosen text for
// S3 knows an encrypted data key with its plaintext, and could write an item under it.
type sharing struct {
	blobs, items map[source.Context]place // the first that reads each
	order        []source.Context
}

// add records the named references of a file.
func (s *sharing) add(j *job.Job, u job.Unit) {
	if u.Template == nil {
		s.note(j, u.Ref, placeIn(u.File.Origin))
		return
	}
	for _, r := range u.Template.Refs() {
		if !r.Dynamic && (r.Kind == template.Secret || r.Kind == template.Secrets) {
			s.note(j, r.Query.Ref, place{r.Template, r.Line, r.Col})
		}
	}
}

func (s *sharing) note(j *job.Job, ref source.Ref, at place) {
	kind := j.Store.Kind
	if named, ok := j.Store.Named(ref.Source); ok {
		kind = named.Kind
	} else if ref.Source != "" {
		kind = ref.Source
	}
	if ref.Name == "" || kind != backend.S3 && kind != backend.DynamoDB {
		return
	}
	if s.blobs == nil {
		s.blobs, s.items = map[source.Context]place{}, map[source.Context]place{}
	}
	of := s.items
	if kind == backend.S3 {
		of = s.blobs
	}
	if of[ref.Context] != (place{}) {
		return
	}
	of[ref.Context] = at
	if s.blobs[ref.Context] != (place{}) && s.items[ref.Context] != (place{}) {
		s.order = append(s.order, ref.Context)
	}
}

// warn reports each shared context once.
func (s *sharing) warn(l *linting) {
	for _, c := range s.order {
		context := "no context"
		if !c.IsZero() {
			context = "the context " + c.String()
		}
		l.warn(s.blobs[c], ruleShared, "", fmt.Sprintf("an object in S3 and an item of the table (%s) have %s: if they also share a KMS key, an object with known text can serve as an item's data key; give objects their own key or context",
			s.items[c], context))
	}
}
