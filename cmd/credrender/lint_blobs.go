package main

import (
	"fmt"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// sharing finds contexts with which both objects of S3 and items of a table
// are read. A blob of KMS says nothing about what it is for: whoever may have
// text of his own encrypted for S3 knows a wrapped key and what is in it, and
// can write an item under that key, which opens.
type sharing struct {
	blobs, items map[source.Context]string // the first place that reads each
	order        []source.Context
}

// add notes what a file of a job asks for by name.
func (s *sharing) add(j *job.Job, u job.Unit, name string) {
	if u.Template == nil {
		s.note(j, u.Ref, u.File.Origin)
		return
	}
	for _, r := range u.Template.Refs() {
		if !r.Dynamic && (r.Kind == template.Secret || r.Kind == template.Secrets) {
			s.note(j, r.Query.Ref, fmt.Sprintf("%s:%d:%d", name, r.Line, r.Col))
		}
	}
}

func (s *sharing) note(j *job.Job, ref source.Ref, at string) {
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
		s.blobs, s.items = map[source.Context]string{}, map[source.Context]string{}
	}
	of := s.items
	if kind == backend.S3 {
		of = s.blobs
	}
	if of[ref.Context] != "" {
		return
	}
	of[ref.Context] = at
	if s.blobs[ref.Context] != "" && s.items[ref.Context] != "" {
		s.order = append(s.order, ref.Context)
	}
}

// warn says each context once.
func (s *sharing) warn(a *app) {
	for _, c := range s.order {
		context := "no context"
		if !c.IsZero() {
			context = "the context " + c.String()
		}
		a.log.Warn(fmt.Sprintf("%s: an object in S3 and an item of the table (%s) have %s: if they share a KMS key too, an object whose text is known can serve as an item's data key; give objects a key or a context of their own",
			s.blobs[c], s.items[c], context), "rule", "shared-context")
	}
}
