package main

import (
	"io"
	"strings"
	"testing"

	"github.com/credrender/credrender/test/awsfake"
)

// Trust policies may require the session name that credstash uses.
func TestCredstashSessionName(t *testing.T) {
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	args := []string{"credstash", "--region", "eu-west-1", "--arn", roleARN("app"), "get", "db.password"}
	if code := run(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard); code != 1 {
		t.Errorf("exit code %d without a table, want 1", code)
	}
	var names []string
	for _, r := range srv.Requests() {
		if r.Operation == "AssumeRole" {
			names = append(names, r.Session)
		}
	}
	if got := strings.Join(names, " "); got != "AssumeRoleCredstashSession1" {
		t.Errorf("sessions %q, want AssumeRoleCredstashSession1", got)
	}
}
