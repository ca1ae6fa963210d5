package main

import (
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
)

// A grant that KMS has not spread yet counts for who passes its token.
func TestGrantToken(t *testing.T) {
	t.Parallel()
	srv := startForWeb(t, awsfake.Options{GrantDelay: time.Hour})
	credrender(t, srv, nil, "put", "a", "one", "env=prod")
	if err := srv.Restrict(webRole, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:Query","dynamodb:PutItem"],"Resource":"*"}]}`)); err != nil {
		t.Fatal(err)
	}
	token := func(access string) string {
		_, after, ok := strings.Cut(string(stdoutOf(t, srv, "grant", "web", access, "env=prod")), "token  ")
		if !ok {
			t.Fatal("grant prints no token")
		}
		return strings.TrimSpace(after)
	}
	read, write := token("--read"), token("--write")
	for _, tt := range []struct {
		env  string
		args []string
		want int
	}{
		{"", []string{"get", "a", "env=prod"}, exitSecret},
		{"", []string{"get", "--grant-token", write, "a", "env=prod"}, exitSecret},
		{"", []string{"get", "--grant-token", read, "a", "env=prod"}, exitOK},
		{"CREDRENDER_GRANT_TOKEN=" + write + "," + read, []string{"get", "a", "env=prod"}, exitOK},
		{"", []string{"put", "a", "two", "env=prod"}, exitSecret},
		{"", []string{"put", "--grant-token", read, "--grant-token", write, "a", "two", "env=prod"}, exitOK},
	} {
		cmd, _ := command(t, srv, append(asWeb(), tt.env), tt.args...)
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != tt.want {
			t.Errorf("%s %v: exit %d, want %d\n%s", tt.env, tt.args, cmd.ProcessState.ExitCode(), tt.want, out)
		}
	}
}
