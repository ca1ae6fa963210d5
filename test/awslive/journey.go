package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// journey is what a user does, in order.
type journey struct {
	*account
	product
	dir string
	// values are all secrets that were made; none may be shown.
	values []string
	// current is what file expects of "db".
	current string
	bundle  string
	skipped []string // what an emulator does not enforce
}

func newJourney(a *account, dir string) (*journey, error) {
	j := &journey{account: a, dir: dir}
	var err error
	j.product, err = newProduct(a, dir, &j.values)
	return j, err
}

// all runs the steps until one fails.
func (j *journey) all(ctx context.Context) error {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"setup, twice", j.setup},
		{"put and get", j.putAndGet},
		{"render", j.render},
		{"rotate, with a hook", j.rotate},
		{"S3, Parameter Store, Secrets Manager", j.sources},
		{"grant and revoke with a second role", j.access},
		{"daemon for " + j.daemon.String(), j.runDaemon},
	}
	for i, s := range steps {
		started := time.Now()
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("step %d of %d, %s: %w", i+1, len(steps), s.name, err)
		}
		say("ok %d/%d  %s  %s", i+1, len(steps), s.name, time.Since(started).Round(100*time.Millisecond))
	}
	for _, what := range j.skipped {
		say("not checked: %s: the emulator does not enforce it", what)
	}
	return nil
}

// newValue makes a secret.
func (j *journey) newValue() string {
	v := "live-" + randomHex(20)
	j.values = append(j.values, v)
	return v
}

func (j *journey) setup(ctx context.Context) error {
	tag := tagKey + "=" + j.prefix
	if _, err := j.ok(ctx, "setup", "--tag", tag); err != nil {
		return err
	}
	if err := j.aliasSpreads(ctx); err != nil {
		return err
	}
	second, err := j.ok(ctx, "setup", "--tag", tag)
	if err == nil && strings.Count(second, "present") != 2 {
		err = fmt.Errorf("the second setup printed %q, want table and key present", second)
	}
	return err
}

// aliasSpreads waits until KMS knows the new alias: it is eventually consistent
// (https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html).
// A few answers in a row stand for all of KMS's hosts.
func (j *journey) aliasSpreads(ctx context.Context) error {
	if j.emulated {
		return nil
	}
	deadline := time.Now().Add(spread)
	for known := 0; known < 5; known++ {
		_, err := j.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(j.alias())})
		if err != nil {
			if !absent(err) || time.Now().After(deadline) {
				return fmt.Errorf("describe key %s: %w", j.alias(), err)
			}
			known = -1
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (j *journey) putAndGet(ctx context.Context) error {
	j.current, j.bundle = j.newValue(), strings.Repeat(j.newValue()+"\x00\xff\n", 2048) // 98 KiB
	file := filepath.Join(j.dir, "bundle")
	if err := os.WriteFile(file, []byte(j.bundle), 0o600); err != nil {
		return err
	}
	dev := j.newValue()
	for _, c := range [][]string{
		{j.current, "db", "-", "env=prod"}, {"", "bundle", "@" + file, "env=prod"}, {dev, "dev", "-", "env=dev"}, {dev, "naïve/名", "-", "env=dev"},
	} {
		if _, err := j.want(ctx, 0, c[0], append([]string{"put"}, c[1:]...)...); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{j.current, []string{"get", "db", "env=prod"}}, {j.bundle, []string{"get", "bundle", "env=prod"}}, {dev, []string{"get", "naïve/名", "env=dev"}},
	} {
		if err := j.prints(ctx, c.want, c.args...); err != nil {
			return err
		}
	}
	if _, err := j.want(ctx, 3, "", "get", "db", "env=dev"); err != nil {
		return err
	}
	if _, err := j.want(ctx, 3, "", "get", "absent", "env=prod"); err != nil {
		return err
	}
	list, err := j.ok(ctx, "list")
	for _, name := range []string{"db", "bundle", "dev"} {
		if err == nil && !strings.Contains(list, name) {
			err = fmt.Errorf("list lacks %s", name)
		}
	}
	return err
}

// job is a template's destination, and the hook that counts changes.
func (j *journey) job(name, text string) (src, dest, hooked string, err error) {
	src, dest, hooked = filepath.Join(j.dir, name+".tmpl"), filepath.Join(j.dir, name), filepath.Join(j.dir, name+".hooked")
	return src, dest, hooked, os.WriteFile(src, []byte(text), 0o600)
}

func (j *journey) render(ctx context.Context) error {
	src, dest, _, err := j.job("rendered", `password = {{ secret "db" "env=prod" }}{{ "\n" }}`)
	if err != nil {
		return err
	}
	plan, err := j.ok(ctx, "plan", src+":"+dest)
	if err != nil {
		return err
	}
	if err := j.leak([]string{"plan"}, plan); err != nil {
		return err
	}
	if _, err := j.ok(ctx, "render", src+":"+dest); err != nil {
		return err
	}
	if err := j.holds(dest, "password = "+j.current+"\n"); err != nil {
		return err
	}
	second, err := j.run(ctx, "", "render", src+":"+dest)
	if err == nil && (second.code != 0 || second.stdout+second.stderr != "") {
		err = fmt.Errorf("a render without changes: exit code %d, printed %q", second.code, second.stdout+second.stderr)
	}
	return err
}

// holds compares a file, and its mode.
func (j *journey) holds(path, want string) error {
	got, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, []byte(want)) {
		return fmt.Errorf("%s has other contents than expected", filepath.Base(path))
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm() != 0o600 {
		err = fmt.Errorf("%s has mode %o, want 600", filepath.Base(path), info.Mode().Perm())
	}
	return err
}

// rotate puts new versions, and expects the hook once for each.
func (j *journey) rotate(ctx context.Context) error {
	src, dest, hooked, err := j.job("rotated", `{{ secret "db" "env=prod" }}`)
	if err != nil {
		return err
	}
	render := []string{"render", src + ":" + dest, "--hook", "echo changed >> " + hooked}
	for i := 1; i <= 3; i++ {
		if i > 1 {
			j.current = j.newValue()
			if _, err := j.want(ctx, 0, j.current, "put", "db", "-", "env=prod"); err != nil {
				return err
			}
		}
		// A version that is younger than a second is seen for sure by --force.
		if _, err := j.ok(ctx, append(render, "--force")...); err != nil {
			return err
		}
		if _, err := j.ok(ctx, render...); err != nil {
			return err
		}
		if err := j.holds(dest, j.current); err != nil {
			return err
		}
		if runs := lines(hooked); runs != i {
			return fmt.Errorf("the hook ran %d times after %d changes", runs, i)
		}
	}
	return nil
}

// lines counts a file's lines; a file that is missing has none.
func lines(path string) int {
	data, _ := os.ReadFile(path)
	return bytes.Count(data, []byte("\n"))
}
