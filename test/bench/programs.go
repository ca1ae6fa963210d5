package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/test/bench/limit"
)

// templateOf asks for n secrets, by constants or by names it computes.
func templateOf(n int, computed bool) string {
	if computed {
		return fmt.Sprintf(`{{ range $i := until %d }}{{ secret (printf "n%%d" $i) }}{{ end }}`, n)
	}
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{{ secret \"n%d\" }}", i)
	}
	return b.String()
}

// warm returns the two programs, in this process.
func warm(ctx context.Context, f *far, r *row) (ours, limits func() error, err error) {
	for _, kv := range append(f.env(), "AWS_CA_BUNDLE="+f.certificate()) { // crypto/x509 reads SSL_CERT_FILE once in a process
		name, value, _ := strings.Cut(kv, "=")
		if err := os.Setenv(name, value); err != nil {
			return nil, nil, err
		}
	}
	stores := backend.Set{Lasting: true}
	w := render.Env{Open: stores.Source, Host: template.Host{Now: time.Now}}
	j := job.Job{
		Name: "bench", Store: job.Store{Kind: backend.DynamoDB, Table: "credential-store", Region: region},
		Files: []job.File{{Content: templateOf(r.Refs, r.Computed)}},
	}
	ours = func() error {
		out, _, err := render.Bytes(ctx, w, render.Options{Timeout: time.Minute}, j)
		if err == nil && len(out.Outputs[0].Bytes) != 100*r.Refs {
			err = fmt.Errorf("rendered %d bytes", len(out.Outputs[0].Bytes))
		}
		return err
	}
	c, err := limitClient(f.tables, f.keys, f.certificate())
	if err != nil {
		return nil, nil, err
	}
	return ours, func() error { return c.Fetch(ctx, r.Refs) }, nil
}

// cold returns the two programs as new processes.
func (p *plan) cold(ctx context.Context, f *far, r *row) (ours, limits func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	ours, err = p.render(ctx, f, r.Refs, 100)
	limits = func() error {
		return runIn(ctx, f.env(), self, "limit", "-tables", f.tables, "-keys", f.keys, "-ca", f.certificate(), "-n", fmt.Sprint(r.Refs))
	}
	return ours, limits, err
}

// render returns the whole program: a template on the disk, a file that is not
// there yet, a state directory that is not there yet either.
func (p *plan) render(ctx context.Context, f *far, refs, size int, flags ...string) (func() error, error) {
	src, dest, state := filepath.Join(f.dir, "in.tmpl"), filepath.Join(f.dir, "out"), filepath.Join(f.dir, "state")
	if err := os.WriteFile(src, []byte(templateOf(refs, false)), 0o600); err != nil {
		return nil, err
	}
	return func() error {
		if err := errors.Join(os.RemoveAll(dest), os.RemoveAll(state)); err != nil {
			return err
		}
		if err := runIn(ctx, f.env(), p.bin, append([]string{"--state-dir", state, "render", src + ":" + dest}, flags...)...); err != nil {
			return err
		}
		info, err := os.Stat(dest)
		if err == nil && info.Size() != int64(size*refs) {
			err = fmt.Errorf("rendered %d bytes", info.Size())
		}
		return err
	}, nil
}

func runIn(ctx context.Context, env []string, name string, args ...string) error {
	_, err := runChild(ctx, env, name, args...)
	return err
}

func runChild(ctx context.Context, env []string, name string, args ...string) (*os.ProcessState, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(env, "HOME=/nonexistent", "PATH="+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return cmd.ProcessState, nil
}

// limitOnce is the limit program's process.
func limitOnce(ctx context.Context, args []string) error {
	var tables, keys, ca, way string
	var n int
	fl := flag.NewFlagSet("limit", flag.ContinueOnError)
	fl.StringVar(&tables, "tables", "", "")
	fl.StringVar(&keys, "keys", "", "")
	fl.StringVar(&ca, "ca", "", "")
	fl.IntVar(&n, "n", 1, "")
	fl.StringVar(&way, "way", "refs", "")
	if err := fl.Parse(args); err != nil {
		return err
	}
	c, err := limitClient(tables, keys, ca)
	if err != nil {
		return err
	}
	switch way {
	case "table":
		return c.All(ctx, n, store.DefaultConcurrency)
	case "probe":
		return c.Probe(ctx, n)
	}
	return c.Fetch(ctx, n)
}

func limitClient(tables, keys, ca string) (*limit.Client, error) {
	c := &limit.Client{Tables: tables, Keys: keys, Region: region, Credentials: aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}}
	if ca == "" {
		return c, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return c, nil
}

func (f *far) certificate() string {
	if !f.tls {
		return ""
	}
	return filepath.Join(f.dir, certFile)
}
