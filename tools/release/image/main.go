// Command image builds the container image of a release without a container engine: an
// OCI layout with one image per platform, from built programs and the steps of
// packaging/Dockerfile. Equal inputs give equal bytes.
//
//	image -version 1.2.3 -epoch 1700000000 -o DIR linux/amd64=PROGRAM linux/arm64=PROGRAM
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

type options struct {
	dockerfile, version, out string
	created                  time.Time
	programs                 []string // PLATFORM=PATH
}

func main() {
	var o options
	flag.StringVar(&o.dockerfile, "dockerfile", "packaging/Dockerfile", "the `FILE` with the steps")
	flag.StringVar(&o.version, "version", "", "the `VERSION` in the image's labels")
	flag.StringVar(&o.out, "o", "", "the `DIR` of the layout, which must not exist")
	epoch := flag.Int64("epoch", 0, "the `SECONDS` since 1970 of all times in the image")
	flag.Parse()
	o.created, o.programs = time.Unix(*epoch, 0).UTC(), flag.Args()
	if err := build(o); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func build(o options) error {
	if o.out == "" || o.version == "" || len(o.programs) == 0 {
		return fmt.Errorf("-o, -version and at least one PLATFORM=PROGRAM are needed")
	}
	text, err := os.ReadFile(o.dockerfile)
	if err != nil {
		return err
	}
	steps, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", o.dockerfile, err)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, program := range o.programs {
		name, path, _ := strings.Cut(program, "=")
		platform, err := v1.ParsePlatform(name)
		if err != nil || path == "" {
			return fmt.Errorf("%q is not PLATFORM=PROGRAM", program)
		}
		image, err := imageOf(steps, *platform, path, o)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	if err := os.Mkdir(o.out, 0o755); err != nil {
		return err
	}
	_, err = layout.Write(o.out, index)
	return err
}
