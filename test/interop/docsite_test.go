//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The site of the documentation (make site) in Chromium: a reader gets to a page by
// the navigation and by the search, both themes apply, and on a phone nothing is wider
// than the screen. It loads nothing from other hosts. SITE_SHOTS keeps the screenshots
// in a directory.
func TestDocumentationSite(t *testing.T) {
	s := newDocSite(t)
	t.Run("navigation", func(t *testing.T) {
		got := s.probe(t, "index.html", "light", desktop, `
			frame.contentDocument.querySelector('.md-tabs a[href*="daemon"]').click(); await loaded();
			out.Tab = title();
			[...frame.contentDocument.querySelectorAll('.md-nav a[href*="aws-down"]')].pop().click(); await loaded();
			out.Page = title();`)
		if got.Tab != "The daemon" || got.Page != "AWS or KMS is down" {
			t.Errorf("the tab leads to %q, the link to %q", got.Tab, got.Page)
		}
	})
	t.Run("search", func(t *testing.T) {
		for _, c := range []struct{ query, page string }{{"wrong encryption context", "troubleshooting"}, {"rotate password", "rotating"}, {"qqqqzzzz", ""}} {
			got := s.probe(t, "index.html?q="+url.QueryEscape(c.query), "light", desktop, `
				for (let i = 0; i < 200 && !/\d|No /.test(text('.md-search-result__meta')); i++) await pause(50);
				out.Found = [...frame.contentDocument.querySelectorAll('.md-search-result__link')].map(a => a.getAttribute('href'));`)
			found := slices.ContainsFunc(got.Found, func(href string) bool { return strings.Contains(href, c.page) })
			if found != (c.page != "") {
				t.Errorf("%q finds %q", c.query, got.Found)
			}
		}
	})
	t.Run("phone", func(t *testing.T) {
		for _, page := range []string{"index.html", "quickstart-aws/", "configuration/", "coming-from/", "how-it-works/", "troubleshooting/", "access/"} {
			got := s.probe(t, page, "light", phone, `out.Width = frame.contentDocument.documentElement.scrollWidth;
				out.Menu = getComputedStyle(frame.contentDocument.querySelector('.md-header__button[for="__drawer"]')).display;`)
			if got.Width > phone || got.Menu == "none" {
				t.Errorf("%s is %d wide, its menu %s", page, got.Width, got.Menu)
			}
		}
	})
	t.Run("themes", func(t *testing.T) {
		light, dark := s.scheme(t, "light"), s.scheme(t, "dark")
		if light != "default" || dark != "slate" {
			t.Errorf("schemes %q and %q", light, dark)
		}
	})
	s.shoot(t)
	if len(s.outside) > 0 {
		t.Errorf("asks other hosts: %q", s.outside)
	}
}

// docSite serves bin/site, and a page that loads one of its pages in a frame.
type docSite struct {
	browser
	url     string
	outside []string // resources of other hosts in the pages that were probed
	steps   string   // of the probe under way
	results chan string
}

func newDocSite(t *testing.T) *docSite {
	t.Helper()
	root := filepath.Join("..", "..", "bin", "site")
	if _, err := os.Stat(filepath.Join(root, "index.html")); err != nil {
		t.Fatalf("%v: run make site", err)
	}
	s := &docSite{browser: newBrowser(t)}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(root)))
	s.results = make(chan string, 1)
	mux.HandleFunc("POST /-/result", func(_ http.ResponseWriter, r *http.Request) { s.results <- r.FormValue("found") })
	mux.HandleFunc("/-/wait", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/-/probe", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, probePage, html.EscapeString(r.FormValue("width")), html.EscapeString("/"+r.FormValue("page")), s.steps)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// probePage waits for the frame, runs the steps and shows what they found.
const probePage = `<!DOCTYPE html><meta name="color-scheme" content="light dark"><body>
<img src="/-/wait"><iframe id="frame" width="%s" height="900" style="border: 0" src="%s"></iframe><script>
const frame = document.getElementById('frame'), out = {};
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const loaded = () => new Promise(resolve => frame.addEventListener('load', resolve, {once: true}));
const text = selector => frame.contentDocument.querySelector(selector)?.textContent ?? '';
const title = () => frame.contentDocument.querySelector('h1').firstChild.textContent;
(async () => {
  await loaded();
  %s
  out.Hosts = frame.contentWindow.performance.getEntriesByType('resource').map(e => new URL(e.name).host);
  return out;
})().catch(e => ({Failed: String(e)})).then(out => fetch('/-/result', {method: 'POST', body: new URLSearchParams({found: JSON.stringify(out)})}));
</script></body>`

type probed struct {
	Tab, Page, Menu, Scheme string
	Failed                  string
	Found, Hosts            []string
	Width                   int
}

// probe opens a page in a frame of that width and runs steps of JavaScript there.
func (s *docSite) probe(t *testing.T, page, theme string, width int, steps string) (got probed) {
	t.Helper()
	s.steps = steps
	cmd := exec.CommandContext(t.Context(), s.path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--blink-settings=preferredColorScheme="+map[string]string{"dark": "0", "light": "1"}[theme],
		"--dump-dom", fmt.Sprintf("%s/-/probe?width=%d&page=%s", s.url, width, url.QueryEscape(page))) // it waits for the image, which never comes
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
	}()
	select {
	case text := <-s.results:
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s: the probe did not end", page)
	}
	if got.Failed != "" {
		t.Fatalf("%s: %s", page, got.Failed)
	}
	for _, host := range got.Hosts {
		if !strings.HasPrefix(s.url, "http://"+host) && !slices.Contains(s.outside, host) {
			s.outside = append(s.outside, host)
		}
	}
	return got
}

func (s *docSite) scheme(t *testing.T, theme string) string {
	t.Helper()
	return s.probe(t, "index.html", theme, desktop, `out.Scheme = frame.contentDocument.body.getAttribute('data-md-color-scheme');`).Scheme
}

func (s *docSite) shoot(t *testing.T) {
	t.Helper()
	dir := os.Getenv("SITE_SHOTS")
	if dir == "" {
		return
	}
	for _, theme := range []string{"light", "dark"} {
		for _, page := range []string{"", "quickstart-aws/", "how-it-works/", "coming-from/"} {
			file := filepath.Join(dir, "site-"+strings.Trim("home"+strings.ReplaceAll("-"+page, "/", ""), "-")+"-"+theme+".png")
			s.open(t, s.url+"/"+page, theme, desktop, "--screenshot="+file)
		}
	}
}
