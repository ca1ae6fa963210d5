package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/test/awsfake"
)

// In FIPS 140-3 mode (https://go.dev/doc/security/fips140) every store works: TLS, KMS's
// data keys, all item formats, the local store, and the functions that hash.
func TestFIPS(t *testing.T) {
	t.Parallel()
	srv := awsfake.New(awsfake.Options{TLS: true})
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "credrender", args...)
		cmd.Dir = dir
		cmd.Env = append(srv.Env(), "GODEBUG=fips140=on", "PATH="+os.Getenv("PATH"), "GORACE="+os.Getenv("GORACE"), "HOME="+dir,
			"CREDRENDER_STATE_DIR="+dir+"/state", "RUNTIME_DIRECTORY="+dir+"/run", "XDG_DATA_HOME="+dir+"/data")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	template := filepath.Join(dir, "in.tmpl")
	text := `{{ secret "credstash" }} {{ secret "aes-ctr" }} {{ secret "aes-gcm" }} {{ sha256sum "x" }} {{ htpasswd "u" (secret "credstash") }}`
	if err := os.WriteFile(template, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, store := range []string{"dynamodb", "local"} {
		run("setup", "--store", store)
		for _, format := range []string{"credstash", "aes-ctr", "aes-gcm"} {
			run("put", "--store", store, "--item-format", format, format, "value of "+format)
		}
		out := filepath.Join(dir, store)
		run("render", "--store", store, template+":"+out)
		got, err := os.ReadFile(out)
		const want = "value of credstash value of aes-ctr value of aes-gcm 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 u:$6$"
		if err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("%s: got %q, %v", store, got, err)
		}
	}
}
