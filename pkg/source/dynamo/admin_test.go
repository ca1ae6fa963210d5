package dynamo_test

import (
	"errors"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/test/awsfake"
)

func openAdmin(t *testing.T, srv *awsfake.Server) *dynamo.Admin {
	t.Helper()
	return dynamo.NewAdmin(srv.Client(t, awsfake.OneAttempt), "secrets")
}

// Backups of a new table are not ready at once, which is waited out.
func TestSetUpWaits(t *testing.T) {
	srv := awsfake.New(awsfake.Options{CreatingPolls: 1})
	t.Cleanup(srv.Close)
	a := openAdmin(t, srv)
	srv.Fail(awsfake.Rule{Operation: "UpdateContinuousBackups", Code: "ContinuousBackupsUnavailableException", Times: 1})
	told := 0
	made, err := a.SetUp(t.Context(), dynamo.SetupOptions{Progress: func(string) { told++ }})
	if err != nil || !made.Created || told != 1 {
		t.Fatalf("got %+v, %v, told %d times", made, err, told)
	}
	again, err := a.SetUp(t.Context(), dynamo.SetupOptions{})
	if err != nil || again.Created || len(again.Differs) != 0 {
		t.Errorf("got %+v, %v", again, err)
	}
	if got := srv.Count(awsfake.DynamoDB, "UpdateContinuousBackups"); got != 2 {
		t.Errorf("recovery was turned on %d times", got)
	}
}

// A setup that was cut off is finished by --update alone, and says so.
func TestSetUpCutOff(t *testing.T) {
	srv := awsfake.Start(t)
	a := openAdmin(t, srv)
	remove := srv.Fail(awsfake.Rule{Operation: "UpdateContinuousBackups", Code: "AccessDeniedException"})
	if _, err := a.SetUp(t.Context(), dynamo.SetupOptions{}); !errors.Is(err, source.ErrDenied) {
		t.Fatalf("got %v, want %v", err, source.ErrDenied)
	}
	remove()
	s, err := a.SetUp(t.Context(), dynamo.SetupOptions{})
	if err != nil || len(s.Differs) != 1 || len(s.Changed) != 0 {
		t.Errorf("got %+v, %v", s, err)
	}
	s, err = a.SetUp(t.Context(), dynamo.SetupOptions{Update: true})
	if err != nil || len(s.Changed) != 1 {
		t.Errorf("got %+v, %v", s, err)
	}
}
