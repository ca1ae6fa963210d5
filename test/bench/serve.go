package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/credrender/credrender/test/bench/fake"
)

// wire is what a fake is asked to be like.
type wire struct {
	TLS     bool
	RTT     time.Duration
	Connect time.Duration // per connection
	Decrypt time.Duration // per Decrypt; 0: RTT
	Size    int           // of a secret
	Names   int           // of secrets that a Scan finds
	// As fake.Options has them.
	Throttle, Units float64
}

// far is a fake in a process of its own.
type far struct {
	tables, keys string
	dir          string // where its certificate is
	tls          bool
	cmd          *exec.Cmd
	ask          io.Writer
	answers      *bufio.Scanner
}

// certificates are the files of a fake's folder.
const (
	certFile  = "cert.pem"
	keyFile   = "key.pem"
	rootsFile = "roots.pem" // the certificate, and those of a system
)

// serve is the fake's process: it prints its two endpoints, then, for each
// line of its standard input, the counts since the line before; it ends with
// its input.
func serve(ctx context.Context, args []string) error {
	var o fake.Options
	var certs string
	fl := flag.NewFlagSet("serve", flag.ContinueOnError)
	fl.DurationVar(&o.RTT, "rtt", 0, "")
	fl.DurationVar(&o.Connect, "connect", 0, "")
	fl.DurationVar(&o.Decrypt, "decrypt", 0, "")
	fl.IntVar(&o.Size, "size", 100, "")
	fl.IntVar(&o.Names, "names", 0, "")
	fl.Float64Var(&o.Throttle, "throttle", 0, "")
	fl.Float64Var(&o.Units, "units", 0, "")
	fl.StringVar(&certs, "certs", "", "")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if certs != "" {
		cert, err := tls.LoadX509KeyPair(filepath.Join(certs, certFile), filepath.Join(certs, keyFile))
		if err != nil {
			return err
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	srv, err := fake.Start(o)
	if err != nil {
		return err
	}
	defer srv.Close()
	fmt.Println(srv.Tables())
	fmt.Println(srv.Keys())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Println(srv.Requests.Swap(0), srv.Reads.Swap(0), srv.Connections.Swap(0))
		}
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
	return nil
}

// start runs a fake; dir holds the certificates.
func start(ctx context.Context, dir string, w wire) (*far, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "-rtt", w.RTT.String(), "-connect", w.Connect.String(), "-decrypt", w.Decrypt.String(), "-size", strconv.Itoa(w.Size), "-names", strconv.Itoa(w.Names),
		"-throttle", fmt.Sprint(w.Throttle), "-units", fmt.Sprint(w.Units)}
	if w.TLS {
		args = append(args, "-certs", dir)
	}
	f := &far{dir: dir, tls: w.TLS, cmd: exec.CommandContext(ctx, self, args...)}
	f.cmd.Stderr = os.Stderr
	if f.ask, err = f.cmd.StdinPipe(); err != nil { // Wait closes it
		return nil, err
	}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, err
	}
	f.answers = bufio.NewScanner(out)
	for _, url := range []*string{&f.tables, &f.keys} {
		if !f.answers.Scan() {
			f.stop()
			return nil, fmt.Errorf("the fake does not start: %w", f.answers.Err())
		}
		*url = f.answers.Text()
	}
	return f, nil
}

// counts are what a fake was asked for. Reads are those of the requests
// that went to the table.
type counts struct{ requests, reads, connections int }

// count returns the counts since it was last called.
func (f *far) count() (c counts, err error) {
	if _, err := fmt.Fprintln(f.ask); err != nil {
		return c, err
	}
	if !f.answers.Scan() {
		return c, fmt.Errorf("the fake does not count: %w", f.answers.Err())
	}
	_, err = fmt.Sscan(f.answers.Text(), &c.requests, &c.reads, &c.connections)
	return c, err
}

func (f *far) stop() {
	_ = f.cmd.Process.Kill()
	_ = f.cmd.Wait()
}

// env leads the SDK to the fake, and keeps it from everything else. Over TLS, a program
// finds the fake's root where it would find Amazon's: among those of Mozilla's program. Go
// also reads the machine's folder of roots, as ever.
func (f *far) env() []string {
	env := []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + f.tables,
		"AWS_ENDPOINT_URL_KMS=" + f.keys,
		"AWS_ACCESS_KEY_ID=" + accessKey,
		"AWS_SECRET_ACCESS_KEY=" + secretKey,
		"AWS_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
	if f.tls {
		roots := filepath.Join(f.dir, rootsFile)
		env = append(env, "SSL_CERT_FILE="+roots, "REQUESTS_CA_BUNDLE="+roots, "NODE_EXTRA_CA_CERTS="+f.certificate())
	}
	return env
}

// AWS's documented example credentials.
const (
	region    = "eu-west-1"
	accessKey = "AKIAIOSFODNN7EXAMPLE"                     //nolint:gosec // AWS's documented example
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" //nolint:gosec // see above
)

// makeCertificate writes a certificate for loopback, of the kind AWS has. Amazon's name is
// in it, as in the roots of AWS's endpoints: https://www.amazontrust.com/repository/
func makeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"Amazon"}, CommonName: "Root of the fake"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, certFile), "CERTIFICATE", cert); err != nil {
		return err
	}
	all := [][]byte{cert}
	for root := range bundle.Roots() {
		all = append(all, root.Certificate)
	}
	if err := writePEM(filepath.Join(dir, rootsFile), "CERTIFICATE", all...); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, keyFile), "PRIVATE KEY", private)
}

func writePEM(path, kind string, ders ...[]byte) error {
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return os.WriteFile(path, text, 0o600)
}
