package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/s3test"
	"github.com/credrender/credrender/test/awsfake/smtest"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
	"github.com/credrender/credrender/test/fsystest"
)

// sweepCanaries returns the values in the sweep's stores and files.
func sweepCanaries() []string {
	return []string{"cAnAry-table-1", "cAnAry-table-2", "cAnAry-aws", "cAnAry-param", "cAnAry-managed", "cAnAry-word"}
}

// sweepGround has the services and a local store that every row starts with.
type sweepGround struct {
	srv   *awsfake.Server
	env   []string
	store map[string][]byte // files of the local store
}

// sweepPlace is the directory of one row.
type sweepPlace struct {
	dir string
	env []string
}

func newSweepGround(t *testing.T) *sweepGround {
	t.Helper()
	ssm, sm := ssmtest.New(), smtest.New()
	s3, err := s3test.New("bucket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ssm.Close(); sm.Close(); s3.Close() })
	_, errS3 := s3.Put("bucket", "plain", []byte("cAnAry-word"))
	for _, err := range []error{ssm.Put("/svc/a", "cAnAry-param", "SecureString"), sm.Put("app/db", []byte("cAnAry-managed"), false), errS3} {
		if err != nil {
			t.Fatal(err)
		}
	}
	g := &sweepGround{srv: awsfake.Start(t)}
	g.env = slices.Concat(g.srv.Env(), ssm.Env(), sm.Env(), s3.Env(), []string{awsfake.OneAttempt, "AWS_DEFAULT_REGION=eu-west-1"})
	p := g.place(t)
	for _, line := range []string{
		"setup", "put db.pw cAnAry-table-1 env=prod", "put app.key cAnAry-table-2",
		"setup --store dynamodb", "put aws.pw cAnAry-aws env=prod --store dynamodb",
	} {
		if code, _, stderr := p.invoke(t, "", strings.Fields(line)...); code != exitOK {
			t.Fatalf("credrender %s: exit code %d\n%s", line, code, stderr)
		}
	}
	g.store = map[string][]byte{}
	for _, name := range []string{"store.db", "store.key"} {
		if g.store[name], err = os.ReadFile(filepath.Join(p.dir, ".data", name)); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// place makes the directory of a row and fills it.
func (g *sweepGround) place(t *testing.T) *sweepPlace {
	t.Helper()
	dir := fsystest.MemoryDir(t)
	for _, d := range []string{"", "folder", "confd", "confd/conf.d", "confd/templates", ".data", "made"} {
		err := os.MkdirAll(filepath.Join(dir, d), 0o755)
		// As root, the config has to be where nobody else can write.
		if err = errorsOf(err, os.Chmod(filepath.Join(dir, d), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range authoringFiles() {
		sweepWrite(t, filepath.Join(dir, name), []byte(text))
	}
	for name, text := range sweepFiles() {
		sweepWrite(t, filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "$D", dir)))
	}
	for name, data := range g.store {
		sweepWrite(t, filepath.Join(dir, ".data", name), data)
	}
	// Root can read a file of mode 0000, but no link that leads to itself.
	err := errorsOf(os.Symlink("loop", filepath.Join(dir, "loop")), os.Symlink("ok.tmpl", filepath.Join(dir, "link")), os.Link(filepath.Join(dir, "ok.tmpl"), filepath.Join(dir, "hard")))
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range g.env { // the SDK reads this process's own
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	t.Chdir(dir)
	return &sweepPlace{dir: dir, env: slices.Concat(g.env, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CREDRENDER_STORE=local:" + dir + "/.data/store.db", "CREDRENDER_LOCAL_KEY=" + dir + "/.data/store.key",
		"CREDRENDER_STATE_DIR=" + dir + "/.state", "RUNTIME_DIRECTORY=" + dir + "/.run", "XDG_DATA_HOME=" + dir + "/.data", "CREDRENDER_TIMEOUT=5s", "CREDRENDER_LOG_LEVEL=debug", "EDITOR=true",
	})}
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func sweepWrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// invoke runs the program inside this process.
func (p *sweepPlace) invoke(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := newApp(strings.NewReader(stdin), &out, &errs)
	a.environ, a.dir = p.env, p.dir
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	code = a.main(ctx, args)
	if ctx.Err() != nil {
		t.Errorf("credrender %q did not end by itself", args)
	}
	return code, out.String(), errs.String()
}

// split cuts a line into words at spaces outside single quotes.
func split(t *testing.T, line string) (words []string) {
	t.Helper()
	if strings.Count(line, "'")%2 != 0 {
		t.Fatalf("unbalanced quotes in %q", line)
	}
	for _, m := range regexp.MustCompile(`(?:'[^']*'|[^\s'])+`).FindAllString(line, -1) {
		words = append(words, strings.ReplaceAll(m, "'", ""))
	}
	return words
}

// contents maps each file below dir to its mode and a digest of its bytes. Empty
// files of hidden directories are left out: they are locks.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(path, dir+"/")
		if err != nil || !d.Type().IsRegular() {
			if err == nil && !strings.HasPrefix(rel, ".") {
				all[rel] = d.Type().String()
			}
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && (len(data) > 0 || !strings.HasPrefix(rel, ".")) {
			all[rel] = fmt.Sprintf("%s %x", info.Mode(), sha256.Sum256(data))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unchanged compares all files but those of the state, where runs record that they
// failed.
func unchanged(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, all := range []map[string]string{before, after} {
		maps.DeleteFunc(all, func(path, _ string) bool {
			return strings.HasPrefix(path, ".state/") || strings.HasPrefix(path, ".run/")
		})
	}
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s changed", path)
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			t.Errorf("%s is new", path)
		}
	}
}

// stateKeepsNoValue looks for values in the state directory.
func stateKeepsNoValue(t *testing.T, dir string) {
	t.Helper()
	for _, sub := range []string{".state", ".run"} {
		if _, err := os.Stat(filepath.Join(dir, sub)); err != nil {
			continue
		}
		err := filepath.WalkDir(filepath.Join(dir, sub), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if i := slices.IndexFunc(sweepCanaries(), func(c string) bool { return bytes.Contains(data, []byte(c)) }); i >= 0 {
				t.Errorf("%s has %s", path, sweepCanaries()[i])
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// wroteNothing holds that no request after the first so many changed a table, a key
// or a grant.
func (g *sweepGround) wroteNothing(t *testing.T, asked int) {
	t.Helper()
	changes := regexp.MustCompile(`^(Put|Delete|Update|BatchWrite|TransactWrite|Create|Revoke|Retire|Enable|Tag|Schedule)`)
	for _, r := range g.srv.Requests()[asked:] {
		if changes.MatchString(r.Operation) && r.Status < 300 {
			t.Errorf("AWS did %s", r.Operation)
		}
	}
}
