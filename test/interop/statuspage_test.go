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
// reader, and nothing is loaded. A page with faults fails. STATUS_SHOTS keeps the screenshots in a directory.
func TestStatusPageInChromium(t *testing.T) {
	b := newBrowser(t)
	text := statusPage(t)
	page := writeFile(t, t.TempDir(), "status.html", text)
	shots := os.Getenv("STATUS_SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	for _, theme := range []string{"light", "dark"} {
		for width, m := range b.measure(t, text, theme) {
			t.Run(fmt.Sprintf("%s %d", theme, width), func(t *testing.T) {
				m.check(t, theme, width)
				b.shoot(t, page, theme, width, filepath.Join(shots, fmt.Sprintf("status-%s-%d.png", theme, width)))
			})
		}
	}
	bad := strings.NewReplacer("--dim: #505a6b", "--dim: #9aa3b2", "overflow-wrap: anywhere", "white-space: nowrap").Replace(text)
	m := b.measure(t, bad, "light")[phone]
	if m.ScrollWidth <= m.InnerWidth || len(m.Cut) == 0 || len(m.Faint) == 0 {
		t.Errorf("a bad page is not noticed: %+v", m)
	}
}

// The widths of windows.
const (
	phone   = 390
	desktop = 1280
)

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
		"web.tls.crt": newPair(t, siteName).certPEM, "web.basic-auth": "one", "db.password": "two",
		"a.secret.with.a.long.name.below.many.folders.of.the.team.that.owns.it": "three",
	} {
		c.want(t, 0, "put", name, "@"+writeFile(t, dir, "value", value), "env=prod")
	}
	c.want(t, 3, "render")
	writeFile(t, dir, "app.json", "changed by another program")
	c.want(t, 0, "hold", "held", "--for", "2h", "--reason", "incident 4711: do not touch before the database is back")
	c.want(t, 0, "render", "--force", "--job", "held", "--override", "db.password=@"+writeFile(t, dir, "value", "four"))
	text := c.want(t, 0, "status", "--html", "-").Stdout
	if strings.Contains(text, "://") {
		t.Errorf("the page refers to another place:\n%s", text)
	}
	return text
}

// browser is headless Chromium.
type browser struct{ path string }

func newBrowser(t *testing.T) browser {
	t.Helper()
	return browser{program(t, "chromium")}
}

// run opens a file and returns what Chromium prints.
func (b browser) run(t *testing.T, page, theme string, width int, args ...string) string {
	t.Helper()
	return b.open(t, "file://"+page, theme, width, args...)
}

// open opens a URL and returns what Chromium prints.
func (b browser) open(t *testing.T, url, theme string, width int, args ...string) string {
	t.Helper()
	scheme := map[string]string{"dark": "0", "light": "1"}[theme]
	args = append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
		"--user-data-dir=" + t.TempDir(), fmt.Sprintf("--window-size=%d,%d", width, 1600), "--blink-settings=preferredColorScheme=" + scheme,
	}, append(args, url)...)
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

// measure opens copies of the page in frames of both widths, since a window has a least
// width. They have a script, which the page's policy would stop.
func (b browser) measure(t *testing.T, page, theme string) map[int]measured {
	t.Helper()
	page = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(page, "")
	page = strings.Replace(page, "</body>", "<script>"+readFile(t, "testdata/statuspage.js")+"</script></body>", 1)
	frames := `<!DOCTYPE html><meta name="color-scheme" content="light dark"><body>`
	for _, width := range []int{phone, desktop} {
		frames += fmt.Sprintf(`<iframe width="%d" height="1600" style="border: 0" srcdoc="%s"></iframe>`, width, html.EscapeString(page))
	}
	dom := b.run(t, writeFile(t, t.TempDir(), "frames.html", frames), theme, desktop, "--dump-dom")
	found := regexp.MustCompile(`(?s)<pre class="measured">(.*?)</pre>`).FindAllStringSubmatch(dom, -1)
	all := map[int]measured{}
	for _, text := range found {
		var m measured
		if err := json.Unmarshal([]byte(html.UnescapeString(text[1])), &m); err != nil {
			t.Fatalf("%v in %s", err, text[1])
		}
		all[m.InnerWidth] = m
	}
	if len(all) != 2 || len(found) != 2 {
		t.Fatalf("%d results in\n%s", len(found), dom)
	}
	return all
}

func (m measured) check(t *testing.T, theme string, width int) {
	t.Helper()
	t.Logf("%d pieces of text, %d headings, %d tables", m.Texts, len(m.Headings), m.Tables)
	if width != phone && width != desktop || m.Dark != (theme == "dark") {
		t.Fatalf("the frame is %d wide (dark: %v), in theme %s", m.InnerWidth, m.Dark, theme)
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
