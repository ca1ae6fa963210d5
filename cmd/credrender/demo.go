package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/examples/nginx"
)

func newDemo(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Render the nginx example from a local store",
		Long: `Make a local store, put the secrets of examples/nginx into it, render the site,
rotate a password and render again. Everything stays below DIR (default: a new
directory for temporary files), which is printed at the end.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runDemo(c.Context(), a, args) },
	}
}

// demo runs command lines of credrender and prints them. After a failure, it runs no other.
type demo struct {
	app  *app
	dir  string
	conf string
	err  error // of the first that failed
}

func runDemo(ctx context.Context, a *app, args []string) error {
	if len(args) > 0 && args[0] == "" {
		return usagef("DIR is empty: leave it out, or pass a directory")
	}
	d, err := newDemoDir(a, args)
	if err != nil {
		return err
	}
	secrets, err := demoSecrets()
	if err != nil {
		return err
	}
	d.play(ctx, "a store without AWS", "setup")
	for i, s := range secrets {
		why := ""
		if i == 0 {
			why = "secrets, which open only with their context"
		}
		d.put(ctx, s.name, s.value, why)
	}
	d.play(ctx, "preview the changes", "plan")
	d.play(ctx, "the files change together, then the hook runs", "render")
	d.play(ctx, "nothing changed: no rewrite, no hook, no output", "render")
	d.put(ctx, "web.admin.password", []byte("the next password"), "rotate a password")
	d.play(ctx, "one file differs; its old line is hidden", "plan")
	d.play(ctx, "and only that one is replaced", "render")
	d.play(ctx, "the status of the job", "status")
	if d.err != nil {
		return d.err
	}
	return printf(a.stdout, "\nEverything is below %s\n", d.dir)
}

// newDemoDir writes the config and the templates.
func newDemoDir(a *app, args []string) (*demo, error) {
	var dir string
	var err error
	if len(args) > 0 {
		dir = a.abs(args[0])
		err = os.Mkdir(dir, 0o700)
	} else {
		dir, err = os.MkdirTemp("", "credrender-demo-")
	}
	if err != nil {
		return nil, fmt.Errorf("create the demo directory: %w", err)
	}
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("look up the user: %w", err)
	}
	trial := nginx.Trial{
		Root: dir, HTTP: "127.0.0.1:8080", HTTPS: "127.0.0.1:8443",
		Upstream: "127.0.0.1:9443", UpstreamName: "localhost", User: me.Username,
		Hook: "echo reloaded >> " + filepath.Join(dir, "hook.log"),
	}
	if path := findNginx(); path != "" {
		trial.Verify = fmt.Sprintf("%s -t -q -c %s", path, filepath.Join(dir, "etc/nginx/nginx.conf"))
	}
	conf, err := trial.Write()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(conf)
	if err != nil {
		return nil, err
	}
	settings := fmt.Sprintf("store: local:%s/store.db\nlocal_key: %s/store.key\nstate_dir: %s/state\n", dir, dir, dir)
	if err := os.WriteFile(conf, append([]byte(settings), text...), 0o600); err != nil {
		return nil, err
	}
	return &demo{app: a, dir: dir, conf: conf}, nil
}

// findNginx returns the path of nginx, or "". The PATH of ordinary users may lack sbin.
func findNginx() string {
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// put passes the value on standard input, so that it is not an argument.
func (d *demo) put(ctx context.Context, name string, value []byte, why string) {
	d.app.stdin = strings.NewReader(string(value))
	d.play(ctx, why, "put", name, "-", "Env=prod", "app.tier=web")
}

// play prints a command line and runs it.
func (d *demo) play(ctx context.Context, why string, args ...string) {
	if d.err != nil {
		return
	}
	if why != "" {
		why = "\n# " + why + "\n"
	}
	global := []string{"--config", d.conf}
	if args[0] == "plan" || args[0] == "render" {
		args = append(args, "--root", d.dir)
	}
	line := append(global, args...)
	d.err = printf(d.app.stdout, "%s$ credrender %s\n", why, strings.ReplaceAll(strings.Join(line, " "), d.dir, "$DIR"))
	// A copy, because the outer command line keeps its own flags and exit code.
	sub := app{
		stdin: d.app.stdin, stdout: d.app.stdout, stderr: d.app.stderr,
		environ: withoutSettings(d.app.environ), dir: d.app.dir, euid: d.app.euid,
	}
	if d.err == nil && sub.main(ctx, line) != exitOK {
		d.err = errors.New("the demo failed")
	}
}

// withoutSettings removes the user's own settings from the environment of the demo.
func withoutSettings(environ []string) []string {
	var list []string
	for _, e := range environ {
		if !strings.HasPrefix(e, "CREDRENDER_") && !strings.HasPrefix(e, "CREDSTASH_") {
			list = append(list, e)
		}
	}
	return list
}

type demoSecret struct {
	name  string
	value []byte
}

// bundleSize is the minimum size of the demo's bundle of CA certificates. Large secrets
// are usually such bundles.
const bundleSize = 100 << 10

// demoSecrets generates the secrets of examples/nginx: a self-signed certificate and its
// key, a bundle of certificate authorities, and passwords.
func demoSecrets() ([]demoSecret, error) {
	cert, key, err := selfSigned("www.example.com", 1)
	if err != nil {
		return nil, err
	}
	var bundle bytes.Buffer
	for serial := int64(2); bundle.Len() < bundleSize; serial++ {
		ca, _, err := selfSigned(fmt.Sprintf("Demo CA %d", serial), serial)
		if err != nil {
			return nil, err
		}
		bundle.Write(ca)
	}
	return []demoSecret{
		{"web.tls.crt", cert},
		{"web.tls.key", key},
		{"web.upstream.ca", bundle.Bytes()},
		{"web.upstream.password", []byte(rand.Text())},
		{"web.admin.password", []byte(rand.Text())},
	}, nil
}

func selfSigned(name string, serial int64) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{"www.example.com", "localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 3, 0),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}
