package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// steps are what a Dockerfile does that copies one program into an empty image.
type steps struct {
	dest   string
	config v1.Config
}

// parse reads a Dockerfile. It fails for a step that it cannot carry out.
func parse(text string) (s steps, err error) {
	scratch := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		step, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "", strings.HasPrefix(line, "#"), line == "ARG TARGETPLATFORM":
		case line == "FROM scratch":
			scratch = true
		case step == "COPY" && strings.HasPrefix(rest, "$TARGETPLATFORM/"):
			_, s.dest, _ = strings.Cut(rest, " ")
		case step == "ENV" && strings.Count(rest, "=") == 1 && !strings.Contains(rest, " "):
			s.config.Env = append(s.config.Env, rest)
		case step == "USER":
			s.config.User = rest
		case step == "ENTRYPOINT":
			err = json.Unmarshal([]byte(rest), &s.config.Entrypoint)
		default:
			err = fmt.Errorf("step %q is not one that image carries out", line)
		}
		if err != nil {
			return s, err
		}
	}
	if !scratch || !path.IsAbs(s.dest) {
		return s, fmt.Errorf("no FROM scratch, or no COPY of the program")
	}
	return s, nil
}

// imageOf returns the image of one platform: one layer with the program.
func imageOf(s steps, platform v1.Platform, program string, o options) (v1.Image, error) {
	archive, err := layerOf(s.dest, program, o)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: o.created}, CreatedBy: "COPY " + path.Base(s.dest)}})
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant, file.Created = platform.OS, platform.Architecture, platform.Variant, v1.Time{Time: o.created}
	file.Config = *s.config.DeepCopy()
	file.Config.Labels = map[string]string{
		"org.opencontainers.image.title": "credrender", "org.opencontainers.image.version": o.version,
		"org.opencontainers.image.source": "https://github.com/credrender/credrender", "org.opencontainers.image.licenses": "Apache-2.0",
	}
	return mutate.ConfigFile(image, file)
}

func layerOf(dest, program string, o options) ([]byte, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header := &tar.Header{Name: strings.TrimPrefix(dest, "/"), Mode: 0o755, Size: int64(len(data)), ModTime: o.created, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close() // which writes the archive's end
	return b.Bytes(), err
}
