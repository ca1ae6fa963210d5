package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/test/awsfake"
)

// command runs credrender as a process of its own against srv.
func command(t *testing.T, srv *awsfake.Server, env []string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "credrender", args...)
	cmd.Dir = dir
	cmd.Env = append(srv.Env(), "PATH="+os.Getenv("PATH"), "GORACE="+os.Getenv("GORACE"), "HOME="+dir, "CREDRENDER_STATE_DIR="+dir+"/.state", "RUNTIME_DIRECTORY="+dir+"/.run")
	cmd.Env = append(cmd.Env, env...)
	return cmd, dir
}

// credrender runs it to its end, which has to be a good one.
func credrender(t *testing.T, srv *awsfake.Server, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd, _ := command(t, srv, env, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return cmd
}

// templateFor asks for secrets named n0, n1 and so on.
func templateFor(n int) string {
	return fmt.Sprintf(`{{ range $i := until %d }}{{ secret (printf "n%%d" $i) }}{{ end }}`, n)
}

// Off EC2, with credentials in the environment, nothing asks a metadata address.
func TestNoMetadataAsked(t *testing.T) {
	t.Parallel()
	srv, meta := awsfake.Start(t), awsfake.StartMetadata(t)
	meta.Silent = true // whoever asks waits
	credrender(t, srv, meta.Env(), "setup")
	credrender(t, srv, meta.Env(), "put", "n0", "v")
	cmd, dir := command(t, srv, meta.Env(), "render", "in.tmpl:"+filepath.Join(t.TempDir(), "out"))
	if err := os.WriteFile(filepath.Join(dir, "in.tmpl"), []byte(templateFor(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := meta.Requests(); n != 0 {
		t.Errorf("the metadata service was asked %d times", n)
	}
}

// Behind a proxy every request goes through it, from the compatibility command
// lines too. The endpoints have names, since net/http uses no proxy for loopback
// addresses.
func TestProxy(t *testing.T) {
	t.Parallel()
	srv := awsfake.Start(t)
	var passed atomic.Int64
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		passed.Add(1)
		r.Out.URL.Host = strings.TrimPrefix(srv.URL(map[string]string{"tables.test": awsfake.DynamoDB, "keys.test": awsfake.KMS}[r.In.Host]), "http://")
	}})
	defer proxy.Close()
	credrender(t, srv, nil, "setup")
	credrender(t, srv, nil, "put", "n0", "v")
	for _, line := range []string{"get n0", "credstash get -n n0", "credsmash -t credential-store get n0"} {
		srv.Forget()
		passed.Store(0)
		cmd, _ := command(t, srv, []string{
			"HTTP_PROXY=" + proxy.URL, "http_proxy=" + proxy.URL, "AWS_DEFAULT_REGION=" + awsfake.Region,
			"AWS_ENDPOINT_URL_DYNAMODB=http://tables.test", "AWS_ENDPOINT_URL_KMS=http://keys.test",
		}, strings.Fields(line)...)
		out, err := cmd.CombinedOutput()
		if arrived := len(srv.Requests()); err != nil || string(out) != "v" || arrived < 2 || passed.Load() != int64(arrived) {
			t.Errorf("%s: got %q, %v; %d requests passed, %d arrived", line, out, err, passed.Load(), arrived)
		}
	}
}

// A table of one unit a second that has used its burst gives all twenty
// secrets in the end. Its clock runs ten times as fast as ours.
func TestThrottledTable(t *testing.T) {
	t.Parallel()
	const refs = 20
	began := time.Now()
	srv := awsfake.New(awsfake.Options{Burst: 300 * time.Second, Now: func() time.Time { return began.Add(10 * time.Since(began)) }})
	defer srv.Close()
	provision(t, srv, 1, 1000)
	credrender(t, srv, nil, "setup")
	for i := range refs {
		credrender(t, srv, nil, "put", fmt.Sprintf("n%d", i), "v", "--version", "1")
	}
	srv.Drain("credential-store")
	srv.Forget()
	cmd, dir := command(t, srv, nil, "render", "--wait", "5m", "in.tmpl")
	if err := os.WriteFile(filepath.Join(dir, "in.tmpl"), []byte(templateFor(refs)), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || string(out) != strings.Repeat("v", refs) {
		t.Fatalf("got %q: %v\n%s", out, err, &stderr)
	}
	if n := srv.Count(awsfake.DynamoDB, "Query"); n <= refs {
		t.Errorf("%d Queries: nothing was throttled", n)
	}
}

// provision makes the table before setup finds it.
func provision(t *testing.T, srv *awsfake.Server, read, write int64) {
	t.Helper()
	in := &dynamodb.CreateTableInput{
		TableName: aws.String("credential-store"), BillingMode: types.BillingModeProvisioned,
		ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: &read, WriteCapacityUnits: &write},
	}
	for name, kind := range map[string]types.KeyType{"name": types.KeyTypeHash, "version": types.KeyTypeRange} {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &name, KeyType: kind})
	}
	if in.KeySchema[0].KeyType != types.KeyTypeHash {
		in.KeySchema[0], in.KeySchema[1] = in.KeySchema[1], in.KeySchema[0]
	}
	if _, err := dynamodb.NewFromConfig(sdkConfig(srv)).CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// Fifty secrets of 100 KiB, and the 5 MiB file that they become, fit in 64 MiB. This
// test is not parallel, and runs before those that grow this process: Linux counts the
// memory of the parent in the peak of a child (getrusage(2), ru_maxrss).
func TestMemory(t *testing.T) {
	if runtime.GOOS != "linux" || raceEnabled {
		t.Skip("peak memory is Linux's to tell, and means nothing under the race detector")
	}
	const refs = 50
	srv := awsfake.Start(t)
	credrender(t, srv, nil, "setup")
	value := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(value, bytes.Repeat([]byte("x"), 100<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range refs {
		credrender(t, srv, nil, "put", fmt.Sprintf("n%d", i), "@"+value)
	}
	dest := filepath.Join(t.TempDir(), "out")
	cmd, dir := command(t, srv, nil, "render", "in.tmpl:"+dest)
	if err := os.WriteFile(filepath.Join(dir, "in.tmpl"), []byte(templateFor(refs)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if info, err := os.Stat(dest); err != nil || info.Size() != refs*100<<10 {
		t.Fatalf("got %v, %v", info, err)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss // KiB
	t.Logf("peak: %d MiB", peak>>10)
	if peak > 64<<10 {
		t.Errorf("peak memory is %d KiB, more than 64 MiB", peak)
	}
}
