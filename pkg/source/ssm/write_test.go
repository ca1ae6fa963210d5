package ssm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/test/awsfake/front"
)

func value(s string) source.Write { return source.Write{Value: source.NewSecret([]byte(s))} }

// A put changes the value of a parameter and nothing else. AWS replaces what a request
// leaves out by its default.
func TestPutKeepsTheSettings(t *testing.T) {
	srv, p := open(t)
	put(t, srv, "/a", "old", "SecureString")
	policies := `[{"Type":"Expiration","Version":"1.0"},{"Type":"NoChangeNotification","Version":"1.0"}]`
	srv.Set("/a", "arn:aws:kms:eu-west-1:123456789012:key/k", "Advanced", "of the app", policies)
	want := srv.Settings("/a")
	if _, err := p.Put(t.Context(), ref("/a", ""), value(strings.Repeat("x", 8192))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, srv.Settings("/a")); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	w := value("new")
	w.Comment = "rotated"
	if _, err := p.WithKey("k").Put(t.Context(), ref("/a", ""), w); err != nil {
		t.Fatal(err)
	}
	if want.Description = "rotated"; cmp.Diff(want, srv.Settings("/a")) != "" {
		t.Errorf("after a comment: %s", cmp.Diff(want, srv.Settings("/a")))
	}
}

// A new parameter has the account's default key and tier, unless the user says otherwise.
func TestSettingsOfNewParameters(t *testing.T) {
	srv, p := open(t)
	big := value(strings.Repeat("x", 4097))
	if _, err := p.Put(t.Context(), ref("/big", ""), big); !errors.Is(err, source.ErrTooLarge) || !strings.Contains(err.Error(), "--tier advanced") {
		t.Errorf("4097 bytes: %v", err)
	}
	big.Tier = "advanced"
	for name, w := range map[string]source.Write{"/plain": value("v"), "/big": big} {
		if _, err := p.Put(t.Context(), ref(name, ""), w); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.WithKey("alias/own").Put(t.Context(), ref("/own", ""), value("v")); err != nil {
		t.Error(err)
	}
	for name, want := range map[string][2]string{"/plain": {"alias/aws/ssm", "Standard"}, "/big": {"alias/aws/ssm", "Advanced"}, "/own": {"alias/own", "Standard"}} {
		if got := srv.Settings(name); got.KeyID != want[0] || got.Tier != want[1] {
			t.Errorf("%s: %+v, want %v", name, got, want)
		}
	}
}

// What a put would change besides the value is refused, and nothing is written.
func TestRefusedPuts(t *testing.T) {
	srv, p := open(t)
	put(t, srv, "/text", "old", "String")
	put(t, srv, "/list", "a,b", "StringList")
	put(t, srv, "/secure", "old", "SecureString")
	srv.Set("/secure", "alias/own", "Advanced", "", "")
	down := value("v")
	down.Tier = "standard"
	for _, tt := range []struct {
		p    source.Writer
		name string
		w    source.Write
		want string
	}{
		{p, "/text", value("v"), "of type String"},
		{p, "/list", value("v"), "of type StringList"},
		{p, "/secure", down, "cannot be undone"},
		{p.WithKey("alias/other"), "/secure", value("v"), "keeps its KMS key, alias/own"},
		{p, "/secure:1", value("v"), "by its name only"},
		{p, "arn:aws:ssm:eu-west-1:123456789012:parameter/secure", value("v"), "by its name only"},
		{p, "/app/", value("v"), "a part of the path is empty"},
		{p, "/app//db", value("v"), "a part of the path is empty"},
		{p, "/aws/reference/secretsmanager/x", value("v"), "sm:ID"},
	} {
		_, err := tt.p.Put(t.Context(), ref(tt.name, ""), tt.w)
		if _, ok := errors.AsType[*source.RefusalError](err); !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	if n := srv.Requests()["PutParameter"]; n != 0 {
		t.Errorf("%d writes", n)
	}
}

// AWS does not delete the oldest of a hundred versions while it has a label.
func TestALabelOnTheOldestVersion(t *testing.T) {
	srv, p := open(t)
	put(t, srv, "/a", "first", "SecureString", "stable")
	for i := range 99 {
		put(t, srv, "/a", fmt.Sprint(i), "SecureString")
	}
	_, err := p.Put(t.Context(), ref("/a", ""), value("v"))
	if err == nil || !strings.Contains(err.Error(), "'aws ssm label-parameter-version --name /a --parameter-version 100 --labels stable' moves it") {
		t.Errorf("got %v", err)
	}
	put(t, srv, "/b", "first", "SecureString")
	for i := range 99 {
		put(t, srv, "/b", fmt.Sprint(i), "SecureString")
	}
	got, err := p.Put(t.Context(), ref("/b", ""), value("v"))
	if err != nil || got.Version != "101" {
		t.Errorf("without a label: %+v, %v", got, err)
	}
	if infos, err := p.History(t.Context(), ref("/b", "")); err != nil || len(infos) != 100 || infos[0].Version != "2" {
		t.Errorf("%d versions, %v", len(infos), err)
	}
}

// Updates that AWS refuses because of another one, or throttles, are tried again.
func TestUpdatesThatAreInTheWay(t *testing.T) {
	t.Parallel()
	srv, p := open(t)
	srv.Fail(front.Fault{Operation: "PutParameter", Times: 3, Code: "TooManyUpdates"})
	srv.Fail(front.Fault{Operation: "PutParameter", Times: 2, Code: "ThrottlingException", Message: "Rate exceeded"})
	if got, err := p.Put(t.Context(), ref("/a", ""), value("v")); err != nil || got.Version != "1" {
		t.Errorf("%+v, %v", got, err)
	}
	srv.Fail(front.Fault{Operation: "PutParameter", Code: "ParameterPatternMismatchException", Message: "value canary does not match"})
	if _, err := p.Put(t.Context(), ref("/a", ""), value("canary")); err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "does not match the pattern") {
		t.Errorf("a value that AWS does not accept: %v", err)
	}
}

// A writer that comes between the comparison and the write is reported, and its version
// stays in the history.
func TestAWriterInBetween(t *testing.T) {
	srv, p := open(t)
	put(t, srv, "/a", "old", "SecureString")
	w := value("edited")
	w.Expect = p.Fetch(t.Context(), []source.Ref{ref("/a", "")})[ref("/a", "")].Trace
	srv.Fail(front.Fault{Operation: "PutParameter", Match: func([]byte) bool { srv.Between("/a", "theirs"); return false }})
	got, err := p.Put(t.Context(), ref("/a", ""), w)
	if !errors.Is(err, source.ErrChanged) || got.Version != "3" || !strings.Contains(err.Error(), "version 2 was stored in between") {
		t.Errorf("%+v, %v", got, err)
	}
	if got := fetch(t, p, ref("/a", "2"))[ref("/a", "2")]; got != "theirs" {
		t.Errorf("version 2 is %q", got)
	}
}
