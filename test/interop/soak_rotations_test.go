//go:build interop

package interop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
)

// soakServer is a TLS server that a hook reloads.
type soakServer struct {
	name, address string
	start         []string
	reload        string // command of the hook
}

const soakNginx = `pid %[1]s/nginx.pid;
error_log %[1]s/nginx.log warn;
worker_processes 2;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path %[1]s/nginx-body; proxy_temp_path %[1]s/nginx-proxy; fastcgi_temp_path %[1]s/nginx-fastcgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi; scgi_temp_path %[1]s/nginx-scgi;
	server {
		listen %[2]s ssl;
		ssl_certificate %[1]s/tls.crt;
		ssl_certificate_key %[1]s/tls.crt.key;
		return 204;
	}
}
`

// haproxy finds the key of tls.crt in tls.crt.key. After a reload its new process
// takes the listening sockets from the old one.
const soakHAProxy = `global
	stats socket %[1]s/haproxy.sock mode 600 level admin expose-fd listeners
defaults
	mode http
	timeout client 30s
	timeout server 30s
	timeout connect 5s
frontend tls
	bind %[2]s ssl crt %[1]s/tls.crt
	http-request return status 200
`

// newSoakServers returns nginx, and haproxy if it is installed.
func newSoakServers(t *testing.T, dir string) []soakServer {
	t.Helper()
	nginx, address := program(t, "nginx"), freeAddress(t)
	conf := writeFile(t, dir, "nginx.conf", fmt.Sprintf(soakNginx, dir, address))
	servers := []soakServer{{
		name: "nginx", address: address,
		start:  []string{nginx, "-c", conf, "-g", "daemon off;"},
		reload: nginx + " -s reload -c " + conf,
	}}
	haproxy := findProgram("haproxy")
	if haproxy == "" {
		t.Log("no haproxy here: nginx alone is tested; make interop unpacks it as root on Debian")
		return servers
	}
	address = freeAddress(t)
	conf = writeFile(t, dir, "haproxy.cfg", fmt.Sprintf(soakHAProxy, dir, address))
	pid := filepath.Join(dir, "haproxy.pid")
	return append(servers, soakServer{
		name: "haproxy", address: address,
		start:  []string{haproxy, "-W", "-db", "-p", pid, "-f", conf},
		reload: "kill -USR2 $(head -n 1 " + pid + ")",
	})
}

// run starts the server as a child of the test until the test ends.
func (s soakServer) run(t *testing.T, dir string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, s.name+".stderr"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(s.start[0], s.start[1:]...) // ended below
	cmd.Stderr, cmd.Dir = log, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			t.Logf("%s printed:\n%s", s.name, readFile(t, log.Name()))
		}
	})
	eventually(t, s.name+" listens", func() bool {
		conn, err := net.DialTimeout("tcp", s.address, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// soakClients make TLS handshakes with a server, one after the other.
type soakClients struct {
	server soakServer

	mu                        sync.Mutex
	known                     map[string]int // serials of certificates, by rotation
	handshakes, failed, mixed int
	errors                    []string
	seen                      map[int]bool // rotations
	newest                    int
}

// visit makes handshakes until the context ends.
func (c *soakClients) visit(ctx context.Context) {
	for ctx.Err() == nil {
		rotation, err := c.handshake(ctx)
		if ctx.Err() != nil {
			return
		}
		c.mu.Lock()
		c.handshakes++
		switch {
		case err == nil:
			c.seen[rotation] = true
			c.newest = max(c.newest, rotation)
		case errors.Is(err, errMixed) || strings.Contains(err.Error(), "signature"):
			c.mixed++
			fallthrough
		default:
			c.failed++
			c.errors = append(c.errors, err.Error())
		}
		c.mu.Unlock()
	}
}

// logErrors shows the first failed handshakes.
func (c *soakClients) logErrors(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, err := range c.errors[:min(10, len(c.errors))] {
		t.Logf("%s: handshake: %s", c.server.name, err)
	}
}

var errMixed = errors.New("certificate of no rotation")

// handshake returns the rotation whose certificate the server has. A mixed pair
// fails, since the client verifies the server's signature by the certificate's
// key. The client also reads a response, so a connection that is cut after the
// handshake fails too.
func (c *soakClients) handshake(ctx context.Context) (rotation int, err error) {
	dialer := tls.Dialer{Config: &tls.Config{
		InsecureSkipVerify: true, // the certificate is compared below
		ServerName:         siteName,
		VerifyConnection: func(s tls.ConnectionState) error {
			rotation, err = c.rotationOf(s.PeerCertificates)
			return err
		},
	}}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", c.server.address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: " + siteName + "\r\nConnection: close\r\n\r\n")); err != nil {
		return 0, fmt.Errorf("request: %w", err)
	}
	answer := make([]byte, len("HTTP/1.1 2"))
	if _, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 2") {
		return 0, fmt.Errorf("answer %q: %w", answer, err)
	}
	return rotation, nil
}

func (c *soakClients) rotationOf(chain []*x509.Certificate) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rotation, ok := c.known[chain[0].SerialNumber.String()]
	if !ok || len(chain) < 50 {
		return 0, fmt.Errorf("%w: serial %s, %d certificates", errMixed, chain[0].SerialNumber, len(chain))
	}
	return rotation, nil
}

func (c *soakClients) expect(p pair, rotation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaf, _ := x509.ParseCertificate(p.tls.Certificate[0]) // newPair made it
	c.known[leaf.SerialNumber.String()] = rotation
}

func (c *soakClients) sees(rotation int) func() bool {
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.newest >= rotation
	}
}

// TestSoakRotations rotates a certificate chain of 100 KiB and its key through the
// daemon, while clients make handshakes with nginx and haproxy without a pause. No
// handshake fails, none gets a mixed pair, and clients see every rotation.
func TestSoakRotations(t *testing.T) {
	rotations := 20
	if soakTime(t) == 0 {
		t.Parallel()
		rotations = 5
	}
	dir := openFolder(t)
	fake := awsfake.Start(t)
	put := newCommand(t, binary, fake.Env(), "--config", os.DevNull)
	put.want(t, 0, "setup")
	chain := newBundle(t, newPair(t, siteName))
	servers := newSoakServers(t, dir)
	clients := make([]*soakClients, len(servers))
	for i, s := range servers {
		clients[i] = &soakClients{server: s, known: map[string]int{}, seen: map[int]bool{}}
	}
	rotate := func(n int) {
		p := newPair(t, siteName)
		for _, c := range clients {
			c.expect(p, n)
		}
		put.wantInput(t, 0, p.keyPEM, "put", "tls.key", "-") // until the certificate follows, the keypair check refuses
		put.wantInput(t, 0, p.certPEM+chain, "put", "tls.crt", "-")
	}
	rotate(0)
	d := startSoakDaemon(t, newCommand(t, binary, fake.Env(), "--state-dir", filepath.Join(t.TempDir(), "state"),
		"--config", writeFile(t, t.TempDir(), "credrender.yaml", soakPair(dir, servers))))
	// Not before the hook: nginx -t of the verify listens on the port itself while nginx does not run.
	eventually(t, "the first hook has run", func() bool { return isFile(dir + "/rendered") })
	ctx, stop := context.WithCancel(t.Context())
	var visitors sync.WaitGroup
	defer visitors.Wait()
	defer stop()
	for _, c := range clients {
		c.server.run(t, dir)
		t.Cleanup(func() { c.logErrors(t) })
		for range 2 {
			visitors.Go(func() { c.visit(ctx) })
		}
	}
	writeFile(t, dir, "ready", "") // hooks reload from now on
	for n := 1; n <= rotations; n++ {
		rotate(n)
		for _, c := range clients {
			eventually(t, fmt.Sprintf("%s serves rotation %d", c.server.name, n), c.sees(n))
		}
	}
	stop()
	visitors.Wait()
	reportRotations(t, clients, rotations, len(chain))
	d.expectFlat(t)
}

// soakPair is the config: one job with a certificate and its key.
func soakPair(dir string, servers []soakServer) string {
	hook := "touch " + dir + "/rendered; [ ! -e " + dir + "/ready ]"
	reloads := "true"
	for _, s := range servers {
		reloads += " && " + s.reload
	}
	return fmt.Sprintf(`schedule: "@every 1s"
jobs:
  - name: tls
    files:
      - {secret: tls.crt, dest: %[1]s/tls.crt, format: pem}
      - {secret: tls.key, dest: %[1]s/tls.crt.key, format: pem}
    keypairs:
      - {cert: %[1]s/tls.crt, key: %[1]s/tls.crt.key}
    verify: %[2]s
    hook: "%[3]s || { %[4]s; }"
`, dir, servers[0].start[0]+" -t -q -c "+dir+"/nginx.conf", hook, reloads)
}

func reportRotations(t *testing.T, clients []*soakClients, rotations, bytes int) {
	t.Helper()
	var rows [][]string
	for _, c := range clients {
		rows = append(rows, []string{c.server.name, strconv.Itoa(c.handshakes), strconv.Itoa(c.failed), strconv.Itoa(c.mixed), fmt.Sprintf("%d of %d", len(c.seen)-1, rotations)})
		if c.failed > 0 {
			t.Errorf("%s: %d of %d handshakes failed", c.server.name, c.failed, c.handshakes)
		}
	}
	t.Logf("%d rotations of a chain of %d KiB and its key\n\n%s", rotations, bytes>>10,
		soakTable("| server | handshakes | failed | of a mixed pair | rotations seen |", rows))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
