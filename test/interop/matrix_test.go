//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ours is the name of credrender among its peers.
const ours = "credrender"

// peer is a program that stores secrets, and reads what others have stored.
type peer struct {
	name  string
	forms []string // digests, or algorithms
	put   func(name string, value []byte, context map[string]string, form string) error
	get   func(name string, context map[string]string) ([]byte, error)
}

// The cells of the matrix: what is stored, under which context.
var matrixValues = []struct {
	name  string
	value []byte
}{
	{"text", []byte("swordfish")},
	{"unicode", []byte("grüße, 世界 🔑")},
	{"empty", nil},
	{"100 KiB", bytes.Repeat([]byte("0123456789abcdef"), 6400)},
	{"binary", []byte{0, 1, 0xfe, 0xff, '\n', 0x80}},
	{"newline at the end", []byte("line\n")},
	{"CRLF", []byte("one\r\ntwo\r\n")},
}

var matrixContexts = []map[string]string{nil, {"Env": "prod", "app.tier": "web"}}

// TestMatrix has every peer write what it can, and every peer read it. We read
// all of it; what others read of credstash's items they read of ours; and
// docs/compatibility.md says what came out (MATRIX_UPDATE=1 writes it).
func TestMatrix(t *testing.T) {
	aws := newAccount(t)
	aws.credrender(t).want(t, 0, "setup")
	peers := aws.peers(t)
	m := matrix{peers: peers}
	for _, writer := range peers {
		for _, form := range writer.forms {
			m.write(t, writer, form)
		}
	}
	m.check(t)
	doc := filepath.Join("..", "..", "docs", "compatibility.md")
	text := m.in(t, readFile(t, doc))
	if os.Getenv("MATRIX_UPDATE") != "" {
		if err := os.WriteFile(doc, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := readFile(t, doc)
	for _, name := range unbuilt(t) {
		t.Logf("%s could not be built from its sources here: its row and column are not compared", name)
		want = withoutPeer(want, name)
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("docs/compatibility.md is not what came out; MATRIX_UPDATE=1 writes it (-there +now):\n%s", diff)
	}
}

// peers returns all that there are: test/interop/prepare installs them, and builds the last
// two from their sources where it reaches those.
func (a account) peers(t *testing.T) []peer {
	t.Helper()
	python := func(library string) driver {
		return a.driver(t, program(t, "python3"), "testdata/driver.py", library)
	}
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	node := func(library string) driver {
		return a.driver(t, program(t, "node"), "testdata/driver.js", library, modules)
	}
	peers := []peer{
		a.ours(t),
		python("credstash").peer("credstash 1.17.1", digests...),
		python("credsmash").peer("credsmash 3.0.2", "aes-ctr", "aes-gcm", "aes-ctr-legacy"),
		node("nodecredstash").peer("nodecredstash 2.0.2", "SHA256", "SHA512"),
		node("aws-credstash").peer("aws-credstash 3.0.1", "SHA256", "SHA512", "MD5"),
	}
	if path := findProgram("gcredstash"); path != "" {
		peers = append(peers, a.gcredstash(t, gcredstash, path))
	}
	if path := findProgram("unicreds"); path != "" {
		peers = append(peers, a.unicreds(t, unicreds, path))
	}
	return peers
}

// The peers that only their sources on GitHub can be built from, which not every machine
// that runs the tests reaches.
const (
	gcredstash = "gcredstash 0.6.13"
	unicreds   = "unicreds 1.7.0"
)

// unbuilt returns those of them that test/interop/prepare could not build.
func unbuilt(t *testing.T) (missing []string) {
	t.Helper()
	for _, name := range []string{gcredstash, unicreds} {
		if program, _, _ := strings.Cut(name, " "); findProgram(program) == "" {
			missing = append(missing, name)
		}
	}
	return missing
}

// withoutPeer removes the row and the column of a peer from the table of a page.
func withoutPeer(page, name string) string {
	var b strings.Builder
	column := -1
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(cells) < 3 || line[0] != '|' {
			column = -1
		} else if column < 0 {
			column = slices.Index(cells, " "+name+" ")
		}
		if column >= 0 {
			if strings.TrimSpace(cells[1]) == name {
				continue
			}
			line = strings.Join(slices.Delete(cells, column, column+1), "|") + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// ours writes each digest by the face of credstash, and the algorithms of
// credsmash by put.
func (a account) ours(t *testing.T) peer {
	c := newCommand(t, binary, a.env)
	return peer{
		name: ours, forms: append(slices.Clone(digests), "aes-ctr", "aes-gcm"),
		put: func(name string, value []byte, context map[string]string, form string) error {
			args := []string{"put", name, "-", "--item-format", form, "--allow-empty"}
			if slices.Contains(digests, form) {
				args = []string{"credstash", "put", "-d", form, name, "-"}
			}
			return failure(c.runInput(t, string(value), append(args, pairs(context)...)...))
		},
		get: func(name string, context map[string]string) ([]byte, error) {
			r := c.run(t, append([]string{"get", name}, pairs(context)...)...)
			return []byte(r.Stdout), failure(r)
		},
	}
}

// gcredstash takes a value as an argument, which cannot have a NUL.
func (a account) gcredstash(t *testing.T, name, path string) peer {
	c := newCommand(t, path, a.env)
	return peer{
		name: name, forms: []string{"SHA256"},
		put: func(name string, value []byte, context map[string]string, _ string) error {
			if bytes.ContainsRune(value, 0) {
				return errors.New("no argument has a NUL")
			}
			return failure(c.run(t, append([]string{"put", name, string(value)}, pairs(context)...)...))
		},
		get: func(name string, context map[string]string) ([]byte, error) {
			r := c.run(t, append([]string{"get", "-n", name}, pairs(context)...)...)
			return []byte(r.Stdout), failure(r)
		},
	}
}

// unicreds takes a value from a file, and has a syntax of its own for contexts. Its SDK ignores
// AWS_ENDPOINT_URL: the build that test/bench/build-peers makes takes the address of each service.
func (a account) unicreds(t *testing.T, name, path string) peer {
	endpoint, _ := strings.CutPrefix(a.env[0], "AWS_ENDPOINT_URL=")
	c := newCommand(t, path, append(slices.Clone(a.env), "AWS_ENDPOINT_URL_DYNAMODB="+endpoint, "AWS_ENDPOINT_URL_KMS="+endpoint))
	file := filepath.Join(t.TempDir(), "value")
	with := func(context map[string]string) []string {
		args := []string{"-r", "eu-west-1"}
		for k, v := range context {
			args = append(args, "-E", k+":"+v)
		}
		return args
	}
	return peer{
		name: name, forms: []string{"SHA256"},
		put: func(name string, value []byte, context map[string]string, _ string) error {
			if err := os.WriteFile(file, value, 0o600); err != nil {
				return err
			}
			return failure(c.run(t, append(with(context), "put-file", name, file)...))
		},
		get: func(name string, context map[string]string) ([]byte, error) {
			r := c.run(t, append(with(context), "get", "-n", name)...)
			return []byte(r.Stdout), failure(r)
		},
	}
}

func pairs(context map[string]string) (args []string) {
	for k, v := range context {
		args = append(args, k+"="+v)
	}
	slices.Sort(args)
	return args
}

func failure(r result) error {
	if r.Code != 0 {
		return fmt.Errorf("exit code %d: %s", r.Code, r.Stderr)
	}
	return nil
}

// driver is a process that puts and gets by a peer's library.
type driver struct {
	in  io.Writer
	out *bufio.Reader
}

type request struct {
	Op      string            `json:"op"`
	Name    string            `json:"name"`
	Value   string            `json:"value"`
	Context map[string]string `json:"context"`
	Form    string            `json:"form"`
}

func (a account) driver(t *testing.T, args ...string) driver {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append([]string{"PATH=" + searchPath(), "HOME=" + t.TempDir(), "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1"}, a.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // what it failed at, it has answered
		if t.Failed() {
			t.Logf("%s: %s", args[2], &stderr)
		}
	})
	return driver{in, bufio.NewReader(out)}
}

func (d driver) peer(name string, forms ...string) peer {
	return peer{
		name: name, forms: forms,
		put: func(name string, value []byte, context map[string]string, form string) error {
			_, err := d.ask(request{Op: "put", Name: name, Value: base64.StdEncoding.EncodeToString(value), Context: context, Form: form})
			return err
		},
		get: func(name string, context map[string]string) ([]byte, error) {
			return d.ask(request{Op: "get", Name: name, Context: context})
		},
	}
}

func (d driver) ask(r request) ([]byte, error) {
	if r.Context == nil {
		r.Context = map[string]string{}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	answered, err := d.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	var answer struct {
		Value []byte
		Error string
	}
	if err := json.Unmarshal(answered, &answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s", answer.Error)
	}
	return answer.Value, nil
}
