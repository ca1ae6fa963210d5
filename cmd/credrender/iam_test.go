package main

import (
	"testing"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/test/awsfake/iam"
)

// iamRequest is one request, to be judged by a document alone.
type iamRequest struct {
	action, resource string
	keys             map[string][]string
}

func (r iamRequest) allowedBy(t *testing.T, d policy.Document) bool {
	t.Helper()
	p, err := iam.Parse(d.JSON())
	if err != nil {
		t.Fatal(err)
	}
	return iam.Allows([]iam.Policy{p}, iam.Request{Action: r.action, Resource: r.resource, Keys: r.keys})
}
