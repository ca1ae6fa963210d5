//go:build interop

package interop

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A password that breaks whoever forgets to quote it.
const (
	oldPassword = `old "$uri"; {pass}\ é`
	newPassword = `new "$uri"; {pass}\ é`
)

// One site's life: first render, a visitor, a new password, a quiet run, a
// new certificate, a wrong key.
func TestNginxServesTheExample(t *testing.T) {
	upstream, first := newPair(t, upstreamName), newPair(t, siteName)
	s := newSite(t, newUpstream(t, upstream, func() string { return `up "stream"; $x` }))
	bundle := newBundle(t, upstream)
	s.put(t, "web.tls.crt", first.certPEM)
	s.put(t, "web.tls.key", first.keyPEM)
	s.put(t, "web.upstream.ca", bundle)
	s.put(t, "web.upstream.password", `up "stream"; $x`)
	s.put(t, "web.admin.password", oldPassword)
	s.credrender.want(t, 0, s.render...)
	if got := readFile(t, s.file("upstream-ca.pem")); got != bundle {
		t.Errorf("the bundle of %d bytes came out as %d other bytes", len(bundle), len(got))
	}
	s.start(t)

	t.Run("visitors", func(t *testing.T) {
		s.expect(t, first, "", http.StatusUnauthorized)
		s.expect(t, first, "wrong", http.StatusUnauthorized)
		s.expect(t, first, oldPassword, http.StatusOK)
		if a := s.get(t, first, oldPassword); !bytes.Equal(a.served, first.tls.Certificate[0]) {
			t.Errorf("nginx serves another certificate than the rendered one (%v)", a.err)
		}
	})
	t.Run("htpasswd agrees", func(t *testing.T) {
		htpasswd := newCommand(t, program(t, "htpasswd"), nil)
		htpasswd.want(t, 0, "-vb", s.file("htpasswd"), "admin", oldPassword)
		htpasswd.want(t, 3, "-vb", s.file("htpasswd"), "admin", newPassword)
	})
	t.Run("new password", func(t *testing.T) {
		before := s.fired(t)
		s.put(t, "web.admin.password", newPassword)
		s.credrender.want(t, 0, s.render...)
		if got := s.fired(t) - before; got != 1 {
			t.Errorf("the hook fired %d times, want once", got)
		}
		s.expect(t, first, oldPassword, http.StatusUnauthorized)
		s.expect(t, first, newPassword, http.StatusOK)
	})
	t.Run("nothing new", func(t *testing.T) { s.expectQuiet(t) })

	second := newPair(t, siteName)
	t.Run("key without its certificate", func(t *testing.T) {
		s.put(t, "web.tls.key", second.keyPEM)
		s.keepsKey(t, first)
	})
	t.Run("certificate follows", func(t *testing.T) {
		s.put(t, "web.tls.crt", second.certPEM)
		s.credrender.want(t, 0, s.render...)
		eventually(t, "nginx serves the new certificate", func() bool {
			return s.get(t, second, newPassword).status == http.StatusOK
		})
	})
	t.Run("nginx refuses", func(t *testing.T) {
		s.keepsConfig(t)
		s.expect(t, second, newPassword, http.StatusOK)
	})
	t.Run("nothing new at the end", func(t *testing.T) { s.expectQuiet(t) })
}

// keepsKey renders a key that is not the certificate's: the old one stays.
func (s site) keepsKey(t *testing.T, old pair) {
	t.Helper()
	r := s.credrender.want(t, 4, s.render...)
	if !strings.Contains(r.Stderr, "tls.key") {
		t.Errorf("stderr does not name the key:\n%s", r.Stderr)
	}
	if got := readFile(t, s.file("tls.key")); got != old.keyPEM {
		t.Error("the key in place is not the old one")
	}
}

// keepsConfig renders what nginx refuses: the old file stays.
func (s site) keepsConfig(t *testing.T) {
	t.Helper()
	before := readFile(t, s.file("nginx.conf"))
	r := s.credrender.want(t, 4, append(s.render, "--var", "upstream_name=two words; here")...)
	if !strings.Contains(r.Stderr, "proxy_ssl_name") {
		t.Errorf("stderr does not show what nginx -t said:\n%s", r.Stderr)
	}
	if got := readFile(t, s.file("nginx.conf")); got != before {
		t.Error("nginx.conf is not what it was before")
	}
}

func (s site) expect(t *testing.T, trust pair, password string, status int) {
	t.Helper()
	if a := s.get(t, trust, password); a.err != nil || a.status != status {
		t.Errorf("visit with password %q: status %d (%v), want %d", password, a.status, a.err, status)
	}
}

// expectQuiet runs a render that has nothing to do, and finds no trace of it.
func (s site) expectQuiet(t *testing.T) {
	t.Helper()
	fired, written := s.fired(t), s.written(t)
	r := s.credrender.want(t, 0, s.render...)
	if r.Stdout+r.Stderr != "" {
		t.Errorf("a run with nothing to do printed:\n%s%s", r.Stdout, r.Stderr)
	}
	if got := s.fired(t) - fired; got != 0 {
		t.Errorf("a run with nothing to do fired the hook %d times", got)
	}
	if got := s.written(t); !got.Equal(written) {
		t.Errorf("a run with nothing to do changed the folder or a file at %s", got)
	}
}

// written is when the configuration folder or a file in it changed last.
func (s site) written(t *testing.T) (last time.Time) {
	t.Helper()
	entries, err := os.ReadDir(s.file(""))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{""}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	for _, name := range names {
		info, err := os.Stat(s.file(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}
