//go:build interop

package interop

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const confdCorpora = "../../internal/compat/confd/testdata"

// TestConfdRendersTheSame runs confd on the corpora of convert, with each of its backends
// that convert knows, and credrender on what convert makes of them. The values are
// parameters of moto, a file and the environment. The program is CONFD_BIN, because no
// package has it.
func TestConfdRendersTheSame(t *testing.T) {
	bin := os.Getenv("CONFD_BIN")
	if bin == "" {
		t.Skip("CONFD_BIN names no confd, and no package of Debian has it: internal/compat/confd compares with its recorded output")
	}
	parameters := map[string]string{}
	var doc any
	if err := yaml.Unmarshal([]byte(readFile(t, filepath.Join(confdCorpora, "corpus/values.yaml"))), &doc); err != nil {
		t.Fatal(err)
	}
	flatten(parameters, "", doc)
	a := newAccount(t)
	a.putParameters(t, parameters)
	t.Run("file", func(t *testing.T) {
		values := absolute(t, filepath.Join(confdCorpora, "corpus/values.yaml"))
		compareConfd(t, bin, "corpus", "file", nil, []string{"-file", values}, []string{"--file", values})
	})
	t.Run("env", func(t *testing.T) {
		compareConfd(t, bin, "env", "env", strings.Fields(readFile(t, filepath.Join(confdCorpora, "env/environment"))), nil, nil)
	})
	t.Run("ssm", func(t *testing.T) {
		// The only endpoint that this confd can be led to.
		forwardTo(t, "127.0.0.1:8001", a.endpoint())
		compareConfd(t, bin, "corpus", "ssm", append(a.env, "SSM_LOCAL=1"), nil, nil)
	})
}

// compareConfd lets confd and credrender write the files of a corpus, and compares them.
func compareConfd(t *testing.T, bin, corpus, backend string, env, theirs, ours []string) {
	t.Helper()
	folder, dests := confdFolder(t, corpus)
	converted := filepath.Join(t.TempDir(), "converted")
	newCommand(t, bin, env).want(t, 0, append([]string{"-onetime", "-confdir", folder, "-backend", backend}, theirs...)...)
	want := map[string]string{}
	for _, dest := range dests {
		want[dest] = readFile(t, dest)
		if err := os.Remove(dest); err != nil {
			t.Fatal(err)
		}
	}
	credrender := newCommand(t, binary, env, "--state-dir", t.TempDir())
	credrender.want(t, 0, append([]string{"convert", folder, "--backend", backend, "--out", converted}, ours...)...)
	credrender.want(t, 0, "render", "-c", filepath.Join(converted, "credrender.yaml"))
	for _, dest := range dests {
		if got := readFile(t, dest); got != want[dest] {
			t.Errorf("%s:\n%s\nconfd has\n%s", filepath.Base(dest), got, want[dest])
		}
	}
	t.Logf("%d files of confd and credrender are the same", len(dests))
}

var (
	destLine    = regexp.MustCompile(`(?m)^dest = .*$`)
	commandLine = regexp.MustCompile(`(?m)^(\w+_cmd|owner) = .*$`)
)

// confdFolder copies a corpus, with destinations below a folder and without commands.
func confdFolder(t *testing.T, corpus string) (folder string, dests []string) {
	t.Helper()
	folder, out := t.TempDir(), t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(confdCorpora, corpus))); err != nil {
		t.Fatal(err)
	}
	resources, err := filepath.Glob(filepath.Join(folder, "conf.d/*.toml"))
	if err != nil || len(resources) == 0 {
		t.Fatalf("no resources: %v", err)
	}
	for _, path := range resources {
		dest := filepath.Join(out, strings.TrimSuffix(filepath.Base(path), ".toml"))
		text := commandLine.ReplaceAllString(destLine.ReplaceAllString(readFile(t, path), "dest = \""+dest+"\""), "")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		dests = append(dests, dest)
	}
	return folder, dests
}

func flatten(into map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			flatten(into, at+"/"+name, inner)
		}
	case string:
		into[at] = v
	}
}

func (a account) endpoint() string {
	for _, kv := range a.env {
		if endpoint, ok := strings.CutPrefix(kv, "AWS_ENDPOINT_URL="); ok {
			return endpoint
		}
	}
	return ""
}

// putParameters puts parameters of type SecureString into moto.
func (a account) putParameters(t *testing.T, values map[string]string) {
	t.Helper()
	for name, value := range values {
		body, err := json.Marshal(map[string]any{"Name": name, "Value": value, "Type": "SecureString", "Overwrite": true})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.endpoint(), strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AmazonSSM.PutParameter")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=interop/20260101/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("put %s: %s", name, answer.Status)
		}
	}
}

// forwardTo passes requests at an address on to an endpoint.
func forwardTo(t *testing.T, address, endpoint string) {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: httputil.NewSingleHostReverseProxy(to), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}
