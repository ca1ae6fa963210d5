package s3_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/s3test"
)

const bucket = "bucket"

// world is a bucket with KMS beside it.
type world struct {
	aws     *awsfake.Server
	s3      *s3test.Server
	keys    *kms.Keys
	objects *s3.Objects
	secrets *s3.Secrets
}

func open(t *testing.T) world {
	t.Helper()
	w := world{aws: awsfake.Start(t)}
	var err error
	if w.s3, err = s3test.New(bucket); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.s3.Close)
	w.keys, w.objects = clients(t, append(w.aws.Env(), w.s3.Env()...))
	if _, err := w.keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.secrets = s3.NewSecrets(w.objects, w.keys)
	return w
}

// clients returns the clients of KMS and S3 in an environment.
func clients(t *testing.T, env []string) (keys *kms.Keys, objects *s3.Objects) {
	t.Helper()
	awsfake.InEnv(t, env, func() {
		c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
		if err != nil {
			t.Fatal(err)
		}
		keys, objects = kms.New(c.KMS, "alias/credstash"), s3.New(c.AWS)
	})
	return keys, objects
}

func (w world) put(t *testing.T, key, data string) string {
	t.Helper()
	version, err := w.s3.Put(bucket, key, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func TestConformanceOfSecrets(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Backend {
		w := open(t)
		folder := w.secrets.In(bucket + "/suite")
		return sourcetest.Backend{
			Source: w.secrets, Writer: w.secrets, Prefix: source.S3,
			Put: func(ctx context.Context, v sourcetest.Value) error {
				c, err := source.NewContext(v.Context)
				if err != nil {
					return err
				}
				_, err = folder.Put(ctx, source.Ref{Name: v.Name[len(bucket+"/suite/"):], Context: c}, source.Write{Value: source.NewSecret(v.Data)})
				return err
			},
			Name:       func(n string) string { return bucket + "/suite/" + n },
			PlainNames: true, NoVersions: true,
		}
	})
}

func TestConformanceOfObjects(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Backend {
		w := open(t)
		return sourcetest.Backend{
			Source: w.objects, Prefix: source.S3Object,
			Put: func(_ context.Context, v sourcetest.Value) error {
				_, err := w.s3.Put(bucket, v.Name[len(bucket)+1:], v.Data)
				return err
			},
			Name:       func(n string) string { return bucket + "/" + n },
			PlainNames: true, NoVersions: true, NoContexts: true,
		}
	})
}

func ref(name string) source.Ref { return source.Ref{Source: source.S3, Name: bucket + "/" + name} }

// What aws kms encrypt made, uploaded raw or as it was printed.
func TestBlobsOfTheCommandLine(t *testing.T) {
	w := open(t)
	blob, err := w.keys.Encrypt(t.Context(), []byte("hunter2"), map[string]string{"env": "prod"})
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, "raw", string(blob))
	w.put(t, "text", base64.StdEncoding.EncodeToString(blob)+"\n")
	prod, err := source.NewContext(map[string]string{"env": "prod"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"raw", "text"} {
		right, wrong := ref(name), ref(name)
		right.Context = prod
		got := w.secrets.Fetch(t.Context(), []source.Ref{right, wrong})
		if got[right].Err != nil || string(got[right].Secret.Reveal()) != "hunter2" {
			t.Errorf("%s: %v", name, got[right].Err)
		}
		if !errors.Is(got[wrong].Err, source.ErrWrongContext) {
			t.Errorf("%s without its context: %v", name, got[wrong].Err)
		}
	}
}

func TestNamesWithSpacesAndBeyondASCII(t *testing.T) {
	w := open(t)
	var want []source.Entry
	for _, key := range []string{"100%", "a&b", "a+b", "deep/er/x", "pässwörd 🔐", "q?k=v", "with space"} {
		want = append(want, source.Entry{Name: bucket + "/" + key})
		w.put(t, key, key)
		r := ref(key)
		if got := w.objects.Fetch(t.Context(), []source.Ref{r})[r]; got.Err != nil || string(got.Secret.Reveal()) != key {
			t.Errorf("%s: %q, %v", key, got.Secret.Reveal(), got.Err)
		}
	}
	got, err := w.objects.List(t.Context(), bucket+"/*")
	slices.SortFunc(got, func(a, b source.Entry) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(want, func(a, b source.Entry) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("list: %v\n%s", err, diff)
	}
}

func TestVersions(t *testing.T) {
	w := open(t)
	if err := w.s3.Version(bucket); err != nil {
		t.Fatal(err)
	}
	first := w.put(t, "k", "one")
	w.put(t, "k", "two")
	newest, pinned, missing := ref("k"), ref("k"), ref("k")
	pinned.Version, missing.Version = first, "no-such-version"
	got := w.objects.Fetch(t.Context(), []source.Ref{newest, pinned, missing})
	if s := string(got[newest].Secret.Reveal()); s != "two" || got[newest].Trace.Version == "" {
		t.Errorf("newest: %q, %v, %+v", s, got[newest].Err, got[newest].Trace)
	}
	if s := string(got[pinned].Secret.Reveal()); s != "one" || got[pinned].Trace.Version != first {
		t.Errorf("first: %q, %v, %+v", s, got[pinned].Err, got[pinned].Trace)
	}
	if got[missing].Err == nil {
		t.Error("a version that is not there has a value")
	}
}

func TestErrors(t *testing.T) {
	w := open(t)
	w.put(t, "denied", "x")
	w.put(t, "garbage", string(bytes.Repeat([]byte{1, 2, 0xff}, 5000)))
	w.s3.Deny("denied")
	other := source.Ref{Source: source.S3, Name: "no-such-bucket/k"}
	for r, want := range map[source.Ref]error{
		ref("missing"): source.ErrNotFound, ref("denied"): source.ErrDenied, ref("garbage"): source.ErrIntegrity, other: source.ErrNoStore,
		{Source: source.S3, Name: "bucket"}: source.ErrRef, {Source: source.S3, Name: "/key"}: source.ErrRef,
	} {
		if got := w.secrets.Fetch(t.Context(), []source.Ref{r})[r]; !errors.Is(got.Err, want) {
			t.Errorf("%s: %v, want %v", r, got.Err, want)
		}
	}
}

// A quiet probe has no bodies, and asks nothing of KMS.
func TestProbe(t *testing.T) {
	w := open(t)
	for _, n := range []string{"same", "newer", "lost"} {
		w.put(t, n, "v")
	}
	refs := []source.Ref{ref("same"), ref("newer"), ref("lost"), ref("absent"), ref("comes")}
	var known []source.Known
	for r, res := range w.objects.Fetch(t.Context(), refs) {
		known = append(known, source.Known{Ref: r, Trace: res.Trace})
	}
	w.s3.Forget()
	w.aws.Forget()
	if changed, err := w.secrets.Probe(t.Context(), known); err != nil || len(changed) != 0 {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}
	if diff := cmp.Diff(map[string]int{"HEAD 304": 3, "HEAD": 2}, w.s3.Requests()); diff != "" || w.aws.Count("", "") != 0 {
		t.Errorf("requests (-want +got):\n%s%v", diff, w.aws.Operations())
	}
	w.put(t, "newer", "w")
	w.put(t, "comes", "v")
	if _, err := w.secrets.In(bucket).Delete(t.Context(), source.Ref{Name: "lost"}, source.Deletion{}); err != nil {
		t.Fatal(err)
	}
	changed, err := w.secrets.Probe(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range changed {
		got = append(got, r.Name)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"bucket/comes", "bucket/lost", "bucket/newer"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFolder(t *testing.T) {
	w := open(t)
	f := w.secrets.In(bucket + "/app/")
	r := source.Ref{Name: "db.password"}
	large := source.NewSecret(bytes.Repeat([]byte("x"), 300<<10))
	for i, want := range []bool{true, false} {
		if got, err := f.Put(t.Context(), r, source.Write{Value: large, IfChanged: true}); err != nil || got.Changed != want {
			t.Errorf("put %d: changed %v, %v", i, got.Changed, err)
		}
	}
	if got := f.Fetch(t.Context(), []source.Ref{r})[r]; got.Err != nil || !bytes.Equal(got.Secret.Reveal(), large.Reveal()) {
		t.Errorf("a value of 300 KiB: %v", got.Err)
	}
	w.put(t, "other/x", "not in the folder")
	w.put(t, "app/", "")
	if list, err := f.List(t.Context(), ""); err != nil || !slices.Equal(list, []source.Entry{{Name: "db.password"}}) {
		t.Errorf("list: %v, %v", list, err)
	}
	if found, err := f.Glob(t.Context(), source.Ref{Name: "db.*"}); err != nil || len(found) != 1 || found["db.password"].Err != nil {
		t.Errorf("glob: %v, %v", found, err)
	}
	for _, want := range []error{nil, source.ErrNotFound} {
		if _, err := f.Delete(t.Context(), r, source.Deletion{}); !errors.Is(err, want) {
			t.Errorf("delete: %v, want %v", err, want)
		}
	}
}
