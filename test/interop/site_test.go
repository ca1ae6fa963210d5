//go:build interop

package interop

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credrender/credrender/examples/nginx"
)

const (
	siteName     = "www.example.com" // the example's server_name
	upstreamName = "app.internal.example.com"
	webContext   = "Env=prod app.tier=web" // the example's context "web"
)

// site is examples/nginx below a folder of the test's own, with a local store.
type site struct {
	root       string
	https      string // address
	credrender command
	render     []string
	hooks      string // the hook adds a line for each time it fires
	nginx      string
}

// newSite writes the example's config. Run by root it keeps the example's
// owners: the workers are www-data, and must be able to read what they need.
func newSite(t *testing.T, upstream string) site {
	t.Helper()
	s := site{root: openFolder(t), https: freeAddress(t), nginx: program(t, "nginx")}
	s.hooks = filepath.Join(s.root, "hooks")
	conf := filepath.Join(s.root, "etc/nginx/nginx.conf")
	// nginx -t leaves an empty pid file, hence -s: is nginx running?
	reload := "if [ -s " + s.root + "/run/nginx.pid ]; then " + s.nginx + " -s reload -c " + conf + "; fi"
	config, err := nginx.Trial{
		Root: s.root, HTTP: freeAddress(t), HTTPS: s.https, User: workers(t),
		Upstream: upstream, UpstreamName: upstreamName,
		Verify: s.nginx + " -t -c " + conf,
		Hook:   "echo fired >>" + s.hooks + " && " + reload,
	}.Write()
	if err != nil {
		t.Fatal(err)
	}
	private := t.TempDir()
	s.credrender = newCommand(t, binary, nil, "--config", config, "--state-dir", filepath.Join(private, "state"),
		"--store", "local:"+filepath.Join(private, "store.db"), "--local-key", filepath.Join(private, "key", "store.key"))
	s.render = []string{"render", "--root", s.root}
	s.credrender.want(t, 0, "setup")
	return s
}

// openFolder returns a new folder that nginx's workers can enter, unlike
// t.TempDir.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "credrender-site-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func workers(t *testing.T) string {
	t.Helper()
	if os.Geteuid() == 0 {
		return "" // the example's www-data
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return me.Username
}

func (s site) put(t *testing.T, name, value string) {
	t.Helper()
	s.credrender.wantInput(t, 0, value, append([]string{"put", name, "-"}, strings.Fields(webContext)...)...)
}

func (s site) fired(t *testing.T) int {
	t.Helper()
	return strings.Count(readFile(t, s.hooks), "fired\n")
}

func (s site) file(name string) string { return filepath.Join(s.root, "etc/nginx", name) }

// start runs nginx as a child of the test until the test ends.
func (s site) start(t *testing.T) {
	t.Helper()
	log, err := os.Create(filepath.Join(s.root, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(s.nginx, "-c", s.file("nginx.conf"), "-g", "daemon off;")
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // nginx stops its workers
		_ = log.Close()
		if t.Failed() {
			t.Logf("nginx said:\n%s%s", readFile(t, log.Name()), readFile(t, filepath.Join(s.root, "var/log/nginx/error.log")))
		}
	})
	eventually(t, "nginx listens", func() bool {
		conn, err := net.DialTimeout("tcp", s.https, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// answer is what a visitor gets from a connection of its own.
type answer struct {
	status int
	err    error
	served []byte // the certificate, DER
}

// get visits the site with that password (empty: without any), trusting only
// the given certificate.
func (s site) get(t *testing.T, trust pair, password string) answer {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool(trust), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.https)
		},
		DisableKeepAlives: true,
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+siteName+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		req.SetBasicAuth("admin", password)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	return answer{status: resp.StatusCode, served: resp.TLS.PeerCertificates[0].Raw}
}

// newUpstream is the application behind the site. It answers 200 to visitors
// that bring its own credentials, and 403 to others.
func newUpstream(t *testing.T, p pair, password func() string) (address string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, got, ok := r.BasicAuth(); !ok || name != "web" || got != password() {
			http.Error(w, "who are you?", http.StatusForbidden)
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{p.tls}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}
