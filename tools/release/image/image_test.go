package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func built(t *testing.T, name string) v1.ImageIndex {
	t.Helper()
	program := filepath.Join(t.TempDir(), "credrender")
	if err := os.WriteFile(program, []byte("the program"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options{
		dockerfile: "../../../packaging/Dockerfile", version: "1.2.3", out: filepath.Join(t.TempDir(), name), created: time.Unix(1_700_000_000, 0).UTC(),
		programs: []string{"linux/amd64=" + program, "linux/arm64=" + program},
	}
	if err := build(o); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(o.out)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// The image has the program alone, as any user may run it, and what the Dockerfile sets.
func TestImage(t *testing.T) {
	index := built(t, "a")
	if err := validate.Index(index); err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 2 {
		t.Fatalf("%+v: %v", manifest, err)
	}
	for i, platform := range []string{"linux/amd64", "linux/arm64"} {
		if got := manifest.Manifests[i].Platform.String(); got != platform {
			t.Errorf("platform %s, want %s", got, platform)
		}
		image, err := index.Image(manifest.Manifests[i].Digest)
		if err != nil {
			t.Fatal(err)
		}
		checkImage(t, image)
	}
}

func checkImage(t *testing.T, image v1.Image) {
	t.Helper()
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c := file.Config
	if len(c.Entrypoint) != 1 || c.Entrypoint[0] != "/credrender" || c.User != "1000:1000" || len(c.Env) != 1 || c.Env[0] != "XDG_STATE_HOME=/state" || c.Labels["org.opencontainers.image.version"] != "1.2.3" {
		t.Errorf("config %+v", c)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers: %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	// Go's reader does without the end, tar(1) and engines do not.
	if end := make([]byte, 1024); !bytes.HasSuffix(archive, end) || len(archive)%512 != 0 {
		t.Errorf("the layer's archive of %d bytes has no end", len(archive))
	}
	files := tar.NewReader(bytes.NewReader(archive))
	header, err := files.Next()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(files)
	if err != nil || header.Name != "credrender" || header.Mode != 0o755 || header.Uid != 0 || string(data) != "the program" {
		t.Errorf("%+v %q: %v", header, data, err)
	}
	if _, err := files.Next(); err != io.EOF {
		t.Errorf("there is a second file: %v", err)
	}
}

func TestImageIsReproducible(t *testing.T) {
	first, err := built(t, "a").Digest()
	if err != nil {
		t.Fatal(err)
	}
	second, err := built(t, "b").Digest()
	if err != nil || first != second {
		t.Errorf("%s and %s: %v", first, second, err)
	}
}

// A step that the image would lack is an error.
func TestUnknownStep(t *testing.T) {
	for _, text := range []string{
		"FROM scratch\nCOPY $TARGETPLATFORM/credrender /credrender\nRUN true\n",
		"FROM debian\nCOPY $TARGETPLATFORM/credrender /credrender\n",
		"FROM scratch\nCOPY other /other\n",
		"FROM scratch\nENV A=1 B=2\nCOPY $TARGETPLATFORM/credrender /credrender\n",
		"FROM scratch\n",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}
