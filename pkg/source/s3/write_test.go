package s3_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/sourcetest"
)

func TestConformanceOfFolders(t *testing.T) {
	sourcetest.RunWrites(t, func(t *testing.T) sourcetest.Backend {
		folder := open(t).secrets.In(bucket + "/app")
		return sourcetest.Backend{Source: folder, Writer: folder}
	})
}

func value(s string) source.Write { return source.Write{Value: source.NewSecret([]byte(s))} }

// A write changes the contents of an object. S3 would drop the rest with the old ones.
func TestPutKeepsTheSettingsOfAnObject(t *testing.T) {
	w := open(t)
	r := source.Ref{Name: bucket + "/k"}
	kept := http.Header{
		"Content-Type": {"application/octet-stream"}, "Content-Disposition": {"inline"}, "X-Amz-Meta-Owner": {"payments"}, "X-Amz-Storage-Class": {"STANDARD_IA"},
	}
	w.s3.Create(t, bucket, "k", "old", kept, url.Values{"team": {"a&b"}, "env": {"prod"}})
	if _, err := w.secrets.Put(t.Context(), r, value("new")); err != nil {
		t.Fatal(err)
	}
	header, tags := w.s3.Settings(t, bucket, "k")
	for name := range kept {
		if header.Get(name) != kept.Get(name) {
			t.Errorf("%s: %q, want %q", name, header.Get(name), kept.Get(name))
		}
	}
	if tags.Encode() != "env=prod&team=a%26b" {
		t.Errorf("tags: %s", tags.Encode())
	}
	if _, err := w.secrets.Put(t.Context(), source.Ref{Name: bucket + "/new"}, value("v")); err != nil {
		t.Fatal(err)
	}
	if header, _ := w.s3.Settings(t, bucket, "new"); header.Get("Content-Type") != "text/plain" {
		t.Errorf("a new object: %v", header)
	}
}

// A bucket without versions loses what is replaced, so it needs --force. Nothing is
// encrypted or written before.
func TestBucketsWithoutVersions(t *testing.T) {
	w := open(t)
	if err := w.s3.Suspend(bucket); err != nil {
		t.Fatal(err)
	}
	r := source.Ref{Name: bucket + "/k"}
	forced := value("v")
	forced.Force = true
	_, err := w.secrets.Put(t.Context(), r, value("v"))
	if refusal, ok := errors.AsType[*source.RefusalError](err); !ok || !strings.Contains(refusal.Instead, "--force") || w.aws.Count("kms", "Encrypt") > 0 {
		t.Errorf("put: %v", err)
	}
	if _, err := w.secrets.Put(t.Context(), r, forced); err != nil {
		t.Fatal(err)
	}
	if _, err := w.secrets.Delete(t.Context(), r, source.Deletion{}); !errors.Is(err, source.ErrUnsupported) {
		t.Errorf("delete: %v", err)
	}
	if _, err := w.secrets.Delete(t.Context(), r, source.Deletion{Force: true}); err != nil {
		t.Error(err)
	}
}

// The answer to a conditional write may be lost. The write is sent again, and its condition
// does not hold any more, because of itself.
func TestALostAnswerOfAConditionalWrite(t *testing.T) {
	t.Parallel()
	w := open(t)
	r := source.Ref{Name: bucket + "/k"}
	once := value("v")
	once.IfAbsent = true
	w.s3.Lose(1)
	if got, err := w.secrets.Put(t.Context(), r, once); err != nil || !got.Changed {
		t.Errorf("%+v, %v", got, err)
	}
	if infos, err := w.secrets.History(t.Context(), r); err != nil || len(infos) != 1 {
		t.Errorf("%d versions, %v", len(infos), err)
	}
}

// Up to 4 KiB an object is what aws kms encrypt prints, above an envelope.
func TestFormsOfObjects(t *testing.T) {
	w := open(t)
	for size, envelope := range map[int]bool{1: false, 4096: false, 4097: true} {
		r := source.Ref{Name: bucket + "/k"}
		if _, err := w.secrets.Put(context.Background(), r, value(strings.Repeat("x", size))); err != nil {
			t.Fatal(err)
		}
		if data, err := w.s3.Get(bucket, "k"); err != nil || bytes.HasPrefix(data, []byte("credrender-envelope/1\n")) != envelope {
			t.Errorf("%d bytes: %.30q, %v", size, data, err)
		}
	}
}
