//go:build interop

package interop

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/test/awsfake"
)

// container is the last stage of a Dockerfile, made by its own steps without an
// engine, and run as an engine would: in namespaces of its own, with a read-only
// root and volumes.
type container struct {
	*loopback
	root       string
	env        []string
	entrypoint string
	user       *syscall.Credential
}

// newContainer carries out the steps of a Dockerfile that installs a release into an image
// from scratch, and mounts the volumes. The release is this working tree.
func newContainer(t *testing.T, dockerfile string, volumes ...string) *container {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a root folder of its own needs root")
	}
	c := &container{loopback: newLoopback(t), root: openFolder(t), user: &syscall.Credential{}}
	built := t.TempDir()
	for line := range strings.Lines(readFile(t, dockerfile)) {
		if step, rest, _ := strings.Cut(strings.TrimSpace(line), " "); step != "" && !strings.HasPrefix(step, "#") {
			c.step(t, step, strings.TrimSpace(rest), built)
		}
	}
	if err := c.in(func() error { return c.mount(volumes) }); err != nil {
		t.Skipf("the kernel does not let this process mount volumes of its own: %v", err)
	}
	return c
}

func (c *container) step(t *testing.T, step, rest, built string) {
	t.Helper()
	words := strings.Fields(rest)
	switch {
	case step == "FROM" && strings.HasPrefix(rest, "golang:"), rest == "scratch", step == "ARG":
		// Go is here; scratch is an empty folder.
	case step == "RUN":
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(rest, "/out", built))
		cmd.Dir = t.TempDir() // outside this repository
		cmd.Env = append(os.Environ(), moduleProxy(t)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("RUN %s: %v\n%s", rest, err, out)
		}
	case step == "COPY" && len(words) == 3 && words[0] == "--from=build":
		data := readFile(t, strings.Replace(words[1], "/out/", built+"/", 1))
		if err := os.WriteFile(c.root+words[2], []byte(data), 0o755); err != nil { // a program
			t.Fatal(err)
		}
	case step == "ENV":
		c.env = append(c.env, rest)
	case step == "USER":
		if _, err := fmt.Sscanf(rest, "%d:%d", &c.user.Uid, &c.user.Gid); err != nil {
			t.Fatalf("USER %s: %v", rest, err)
		}
	case step == "ENTRYPOINT":
		c.entrypoint = strings.Trim(rest, `[]"`)
	default:
		t.Fatalf("a step that this test does not know: %s %s", step, rest)
	}
}

// mount gives the thread of c its own mounts: each volume a tmpfs that belongs
// to the user, then the root read-only.
func (c *container) mount(volumes []string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if err == nil {
		err = unix.Mount(c.root, c.root, "", unix.MS_BIND, "")
	}
	for _, v := range volumes {
		if err == nil {
			err = os.Mkdir(c.root+v, 0o755)
		}
		if err == nil {
			err = unix.Mount("tmpfs", c.root+v, "tmpfs", 0, fmt.Sprintf("mode=0755,uid=%d,gid=%d", c.user.Uid, c.user.Gid))
		}
	}
	if err == nil {
		err = unix.Mount("", c.root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	return err
}

// run runs the entry point as the container's user.
func (c *container) run(t *testing.T, env []string, args ...string) result {
	t.Helper()
	return c.runAs(t, c.user, env, c.entrypoint, args...)
}

func (c *container) runAs(t *testing.T, user *syscall.Credential, env []string, path string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Err, cmd.Dir, cmd.Env = nil, "/", slices.Concat(c.env, env) // the path is the container's
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: user}
	if err := c.in(cmd.Start); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// write puts a file into a volume.
func (c *container) write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := c.in(func() error { return os.WriteFile(c.root+path, []byte(text), mode) }); err != nil {
		t.Fatal(err)
	}
}

// examples/containers: the image renders over TLS as user 1000, with a read-only
// root, no CA file, no /etc and no /proc.
func TestContainerFromScratch(t *testing.T) {
	c := newContainer(t, "../../examples/containers/Dockerfile", "/config", "/secrets", "/state")
	if c.user.Uid != 1000 {
		t.Fatalf("the image's user is %d", c.user.Uid)
	}
	var aws *awsfake.Server
	_ = c.in(func() error { aws = awsfake.New(awsfake.Options{TLS: true}); return nil })
	t.Cleanup(aws.Close)
	env := aws.Env()
	c.write(t, "/config/credrender.yaml", readFile(t, "../../examples/containers/credrender.yaml"), 0o644)
	c.write(t, "/config/ca.pem", readFile(t, bundleOf(t, env)), 0o644)
	trusting := append(slices.DeleteFunc(slices.Clone(env), isBundle), "AWS_CA_BUNDLE=/config/ca.pem")
	for _, args := range [][]string{{"setup"}, {"put", "app.password", `pa"ss`}, {"--config", "/config/credrender.yaml", "render"}} {
		if r := c.run(t, trusting, args...); r.Code != 0 {
			t.Fatalf("%q: exit code %d\n%s%s", args, r.Code, r.Stdout, r.Stderr)
		}
	}
	_ = c.in(func() error {
		got, err := os.ReadFile(c.root + "/secrets/app.json")
		if want := `{"password": "pa\"ss"}`; err != nil || string(got) != want {
			t.Errorf("app.json holds %q (%v), want %q", got, err, want)
		}
		return nil
	})
	if r := c.run(t, trusting, "--config", "/config/credrender.yaml", "render"); r.Code != 0 || r.Stdout+r.Stderr != "" {
		t.Errorf("the second render: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	// The fake's CA is not one of Mozilla's: without the bundle it is refused.
	untrusting := slices.DeleteFunc(slices.Clone(env), isBundle)
	if r := c.run(t, untrusting, "--timeout", "5s", "get", "app.password"); r.Code != 1 || !strings.Contains(r.Stderr, "certificate") {
		t.Errorf("without the fake's CA: exit code %d\n%s", r.Code, r.Stderr)
	}
}

func isBundle(setting string) bool { return strings.HasPrefix(setting, "AWS_CA_BUNDLE=") }

func bundleOf(t *testing.T, env []string) string {
	t.Helper()
	i := slices.IndexFunc(env, isBundle)
	if i < 0 {
		t.Fatal("the fake has no CA")
	}
	return strings.TrimPrefix(env[i], "AWS_CA_BUNDLE=")
}

// In an image without CA certificates TLS trusts Mozilla's roots, by package
// caroots and not without it.
func TestContainerHasCARoots(t *testing.T) {
	c := newContainer(t, "../../examples/containers/Dockerfile", "/state")
	path := filepath.Join(t.TempDir(), "caroots")
	build := exec.Command("go", "build", "-o", path, "./testdata/caroots")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.write(t, "/state/caroots", readFile(t, path), 0o755)
	if r := c.runAs(t, c.user, nil, "/state/caroots", "provide"); r.Code != 0 {
		t.Errorf("with package caroots: %s", r.Stdout)
	}
	if r := c.runAs(t, c.user, nil, "/state/caroots"); r.Code == 0 {
		t.Error("there are roots without package caroots: this test cannot fail")
	}
}

// Root in a container believes the config of a ConfigMap: a folder that all can
// write by its mode (2777) and nobody in fact, since it is mounted read-only. The
// same folder mounted for writing is refused. [findings 14]
func TestContainerConfigMap(t *testing.T) {
	c := newContainer(t, "../../examples/containers/Dockerfile", "/config", "/secrets", "/state")
	err := c.in(func() error {
		dir := c.root + "/config"
		return errors.Join(
			os.Mkdir(dir+"/..2026_12_01", 0o755), os.Chmod(dir+"/..2026_12_01", 0o777|os.ModeSetgid),
			os.WriteFile(dir+"/..2026_12_01/credrender.yaml", []byte("jobs:\n  - {name: app, src: app.tmpl, dest: /secrets/app}\n"), 0o644),
			os.WriteFile(dir+"/..2026_12_01/app.tmpl", []byte("text\n"), 0o644),
			os.Symlink("..2026_12_01", dir+"/..data"),
			os.Symlink("..data/credrender.yaml", dir+"/credrender.yaml"), os.Symlink("..data/app.tmpl", dir+"/app.tmpl"),
			os.Chown(dir, 0, 1000), os.Chown(dir+"/..2026_12_01", 0, 1000), os.Chmod(dir, 0o777|os.ModeSetgid),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	root, args := &syscall.Credential{}, []string{"--config", "/config/credrender.yaml", "render"}
	if r := c.runAs(t, root, nil, c.entrypoint, args...); r.Code != 2 || !strings.Contains(r.Stderr, "can be written by others") {
		t.Errorf("a folder that others can write: exit code %d\n%s", r.Code, r.Stderr)
	}
	if err := c.in(func() error { return unix.Mount("", c.root+"/config", "", unix.MS_REMOUNT|unix.MS_RDONLY, "") }); err != nil {
		t.Fatal(err)
	}
	if r := c.runAs(t, root, nil, c.entrypoint, args...); r.Code != 0 {
		t.Errorf("the same folder, mounted read-only: exit code %d\n%s", r.Code, r.Stderr)
	}
}
