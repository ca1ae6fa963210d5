//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

type ociDescriptor struct {
	Digest   string
	Platform struct{ OS, Architecture string }
}

// The image of a release is an OCI layout whose one layer holds the program alone. As the
// image's user in that root, without a libc, a shell or a CA file, it keeps secrets on a
// volume.
func TestPackageImage(t *testing.T) {
	layout := t.TempDir()
	newCommand(t, program(t, "tar"), nil, "-xf").want(t, 0, packageFile(t, newRelease, "_oci.tar"), "-C", layout)
	read := func(digest string, into any) {
		t.Helper()
		path := filepath.Join(layout, "index.json")
		if digest != "" {
			path = filepath.Join(layout, "blobs", strings.ReplaceAll(digest, ":", "/"))
		}
		if err := json.Unmarshal([]byte(readFile(t, path)), into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	var index struct{ Manifests []ociDescriptor }
	read("", &index)
	i := slices.IndexFunc(index.Manifests, func(d ociDescriptor) bool {
		return d.Platform.OS == "linux" && d.Platform.Architecture == runtime.GOARCH
	})
	if i < 0 {
		t.Fatalf("no image of %s in %+v", runtime.GOARCH, index)
	}
	var manifest struct {
		Config ociDescriptor
		Layers []ociDescriptor
	}
	read(index.Manifests[i].Digest, &manifest)
	var config struct {
		Config struct {
			User            string
			Env, Entrypoint []string
			Labels          map[string]string
		} `json:"config"`
	}
	read(manifest.Config.Digest, &config)
	if len(manifest.Layers) != 1 || config.Config.Labels["org.opencontainers.image.version"] != newRelease {
		t.Fatalf("%+v %+v", manifest, config)
	}

	root := t.TempDir()
	newCommand(t, program(t, "tar"), nil, "-xzf").want(t, 0, filepath.Join(layout, "blobs", strings.ReplaceAll(manifest.Layers[0].Digest, ":", "/")), "-C", root)
	files, err := os.ReadDir(root)
	if err != nil || len(files) != 1 || files[0].Name() != "credrender" {
		t.Fatalf("the image holds %v (%v)", files, err)
	}
	volume := filepath.Join(root, "state") // what the user mounts
	if err := os.Mkdir(volume, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(volume, 1000, 1000); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil { // t.TempDir is closed to other users
		t.Fatal(err)
	}
	run := newCommand(t, program(t, "chroot"), append(config.Config.Env, "CREDRENDER_STORE=local:/state/store.db"), append([]string{"--userspec=" + config.Config.User, root}, config.Config.Entrypoint...)...)
	if got := run.want(t, 0, "version").Stdout; !strings.HasPrefix(got, "credrender v"+newRelease+" ") {
		t.Errorf("version prints %q", got)
	}
	run.want(t, 0, "setup")
	run.want(t, 0, "put", "app.password", "s3cret")
	if got := run.want(t, 0, "get", "app.password").Stdout; got != "s3cret" {
		t.Errorf("get prints %q", got)
	}
}
