package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

// With AWS_USE_FIPS_ENDPOINT every request goes to a FIPS endpoint, in FIPS mode and without
// it. A proxy, which refuses, sees where each of them was to go.
func TestFIPSEndpoints(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Host] = true
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(proxy.Close)
	dir := t.TempDir()
	for _, mode := range []string{"on", "off"} {
		for _, args := range [][]string{{"get", "n"}, {"put", "n", "v"}, {"grants"}, {"get", "ssm:/n"}, {"get", "sm:n"}, {"get", "s3://bucket/n"}, {"doctor"}, {"--arn", "arn:aws:iam::123456789012:role/r", "list"}} {
			cmd := exec.CommandContext(t.Context(), "credrender", args...)
			cmd.Dir = dir
			cmd.Env = []string{
				"GODEBUG=fips140=" + mode, "AWS_USE_FIPS_ENDPOINT=true", "HTTPS_PROXY=" + proxy.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=x",
				"AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true", "CREDRENDER_TIMEOUT=5s", "PATH=" + os.Getenv("PATH"), "GORACE=" + os.Getenv("GORACE"), "HOME=" + dir, "CREDRENDER_STATE_DIR=" + dir + "/state", "RUNTIME_DIRECTORY=" + dir + "/run",
			}
			if out, err := cmd.CombinedOutput(); err == nil && args[0] != "doctor" {
				t.Errorf("%v succeeded without AWS:\n%s", args, out)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	services := map[string]bool{}
	for host := range seen {
		service, _, ok := strings.Cut(strings.TrimPrefix(host, "bucket."), "-fips.us-east-1.amazonaws.com:443")
		if !ok {
			t.Errorf("a request was to go to %s", host)
		}
		services[service] = true
	}
	for _, service := range []string{"dynamodb", "kms", "sts", "ssm", "secretsmanager", "s3"} {
		if !services[service] {
			t.Errorf("no request was to go to %s", service)
		}
	}
}
