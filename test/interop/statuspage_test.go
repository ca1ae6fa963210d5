//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The page of status --html in Chromium, at the widths of a phone and of a desktop, in
// both themes: nothing is cut off at the side, every text has a contrast of at least
// 4.5 to its background (WCAG 2.2, 1.4.3), every heading and table is one to a screen
// reader, and nothing is loaded. STATUS_SHOTS keeps the screenshots in a directory.
func TestStatusPageInChromium(t *testing.T) {
	b := newBrowser(t)
	page := writeFile(t, t.TempDir(), "status.html", statusPage(t))
	shots := os.Getenv("STATUS_SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int{390, 1280} {
			t.Run(fmt.Sprintf("%s %d", theme, width), func(t *testing.T) {
				b.measure(t, page, theme, width).check(t, theme, width)
				b.shoot(t, page, theme, width, filepath.Join(shots, fmt.Sprintf("status-%s-%d.png", theme, width)))
			})
		}
	}
}

// The test itself notices bad contrast and text that is cut off.
func TestStatusPageChecksFail(t *testing.T) {
	b := newBrowser(t)
	bad := strings.NewReplacer("--dim: #505a6b", "--dim: #9aa3b2", "overflow-wrap: anywhere", "white-space: nowrap").Replace(statusPage(t))
	m := b.measure(t, writeFile(t, t.TempDir(), "status.html", bad), "light", 390)
	if m.ScrollWidth <= m.InnerWidth || len(m.Faint) == 0 {
		t.Errorf("a bad page is not noticed: %+v", m)
	}
}

// statusPage is the page of a host on which most things that can be are.
func statusPage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	config := writeFile(t, dir, "credrender.yaml", fmt.Sprintf(`store: local:%[1]s/store.db
local_key: %[1]s/store.key
state_dir: %[1]s/state
context: {env: prod}
schedule: "*/5 * * * *"
splay: 2m
jobs:
  - {name: broken, content: '{{ secret "no.such.secret" }}', dest: %[1]s/broken.conf}
  - name: web-tls
    files:
      - {secret: web.tls.crt, dest: %[1]s/tls.crt, mode: "0644"}
      - {content: '{{ secret "web.basic-auth" }}', dest: %[1]s/htpasswd, mode: "0640"}
    hook: exit 1
  - {name: app, content: '{{ secret "db.password" }}', dest: %[1]s/app.json}
  - {name: held, content: '{{ secret "db.password" }}', dest: %[1]s/held.conf}
  - name: a-report-with-quite-a-long-name-that-has-no-place-to-break
    content: '{{ secret "a.secret.with.a.long.name.below.many.folders.of.the.team.that.owns.it" }}'
    dest: %[1]s/a-file-with-a-rather-long-name-that-has-no-place-to-break-either.conf
    schedule: CRON_TZ=Europe/Berlin 30 2 * * *
  - {name: quiet, content: x, dest: %[1]s/quiet.conf}
`, dir))
	c := newCommand(t, binary, nil, "--config", config)
	c.want(t, 0, "setup")
	for name, value := range map[string]string{
		"web.tls.crt": newCertificate(t), "web.basic-auth": "one", "db.password": "two",
		"a.secret.with.a.long.name.below.many.folders.of.the.team.that.owns.it": "three",
	} {
		c.want(t, 0, "put", name, "@"+writeFile(t, dir, "value", value), "env=prod")
	}
	c.want(t, 3, "render")
	writeFile(t, dir, "app.json", "changed by another program")
	c.want(t, 0, "hold", "held", "--for", "2h", "--reason", "incident 4711: do not touch before the database is back")
	c.want(t, 0, "render", "--force", "--job", "held", "--override", "db.password=@"+writeFile(t, dir, "value", "four"))
	text := c.want(t, 0, "status", "--html", "-").Stdout
	if strings.Contains(text, "http") && regexp.MustCompile(`https?://`).MatchString(text) {
		t.Errorf("the page refers to another place:\n%s", text)
	}
	return text
}

// browser is headless Chromium.
type browser struct{ path string }

func newBrowser(t *testing.T) browser {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return browser{path}
		}
	}
	lacking(t, "chromium (Debian's package of that name)")
	return browser{}
}

// run opens a page and returns what Chromium prints.
func (b browser) run(t *testing.T, page, theme string, width int, args ...string) string {
	t.Helper()
	scheme := map[string]string{"dark": "0", "light": "1"}[theme]
	args = append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
		"--user-data-dir=" + t.TempDir(), fmt.Sprintf("--window-size=%d,%d", width, 1600), "--blink-settings=preferredColorScheme=" + scheme,
	}, append(args, "file://"+page)...)
	cmd := exec.CommandContext(t.Context(), b.path, args...)
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	return stdout.String()
}

// measured is what the script found on a page.
type measured struct {
	InnerWidth, ScrollWidth int
	Dark                    bool
	Texts                   int      // pieces of text that were measured
	Faint, Cut              []string // with too little contrast; cut off
	Headings                []string
	Tables                  int // that are tables to a screen reader
}

// measure opens a copy of the page that has a script, which its policy would stop.
func (b browser) measure(t *testing.T, page, theme string, width int) (m measured) {
	t.Helper()
	text := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(readFile(t, page), "")
	text = strings.Replace(text, "</body>", "<script>"+readFile(t, "testdata/statuspage.js")+"</script></body>", 1)
	dom := b.run(t, writeFile(t, t.TempDir(), "measured.html", text), theme, width, "--dump-dom")
	found := regexp.MustCompile(`(?s)<pre id="measured">(.*?)</pre>`).FindStringSubmatch(dom)
	if found == nil {
		t.Fatalf("no result in\n%s", dom)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &m); err != nil {
		t.Fatalf("%v in %s", err, found[1])
	}
	return m
}

func (m measured) check(t *testing.T, theme string, width int) {
	t.Helper()
	t.Logf("%d pieces of text, %d headings, %d tables", m.Texts, len(m.Headings), m.Tables)
	if m.InnerWidth != width || m.Dark != (theme == "dark") {
		t.Fatalf("the window is %d wide (dark: %v), want %d (%s)", m.InnerWidth, m.Dark, width, theme)
	}
	if m.ScrollWidth > m.InnerWidth || len(m.Cut) > 0 {
		t.Errorf("the page is %d wide in a window of %d; cut off: %q", m.ScrollWidth, m.InnerWidth, m.Cut)
	}
	if m.Texts < 150 || len(m.Faint) > 0 {
		t.Errorf("of %d pieces of text too faint: %q", m.Texts, m.Faint)
	}
	if len(m.Headings) < 10 || m.Headings[0] != "H1" || m.Headings[1] != "H2" || m.Tables < 8 {
		t.Errorf("headings %q, %d tables", m.Headings, m.Tables)
	}
}

// shoot takes a screenshot of the page as it is.
func (b browser) shoot(t *testing.T, page, theme string, width int, file string) {
	t.Helper()
	b.run(t, page, theme, width, "--screenshot="+file)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.Decode(f); err != nil || img.Bounds().Dx() != width {
		t.Errorf("screenshot: %v, %v", err, img)
	}
}
