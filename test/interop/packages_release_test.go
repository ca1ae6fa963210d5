//go:build interop

package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// The releases that the tests of packages install, one after the other.
const (
	formerRelease = "0.1.0"
	newRelease    = "0.2.0"
)

// releases builds both releases of this working tree, once, and returns the folders of
// their packages by version. It is behind PACKAGES=1, because goreleaser and the modules
// it needs take minutes to build on a fresh machine.
func releases(t *testing.T) map[string]string {
	t.Helper()
	if os.Getenv("PACKAGES") != "1" {
		t.Skip("building releases takes minutes on a fresh machine: make packages sets PACKAGES=1")
	}
	built, err := buildReleases()
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// buildReleases tags two commits of a repository that holds a copy of this working tree,
// and runs goreleaser on each as it runs on a tag in CI, up to publishing. Only this
// machine's architecture is built.
var buildReleases = sync.OnceValues(func() (map[string]string, error) {
	dir, err := os.MkdirTemp(filepath.Dir(binary), "release-") // TestMain removes it
	if err != nil {
		return nil, err
	}
	const script = `
(cd ../.. && git ls-files -co --exclude-standard -z | tar -c --null -T - --ignore-failed-read) | tar -x -C "$DIR"
goreleaser=$(go -C ../../tools/release tool -n goreleaser)
cd "$DIR"
grep -q 'goos: \[linux, darwin, freebsd\]' .goreleaser.yaml
grep -q 'goarch: \[amd64, arm64\]' .goreleaser.yaml
sed -i "s/goos: .*/goos: [linux]/; s/goarch: .*/goarch: [$ARCH]/" .goreleaser.yaml
git init -q
git remote add origin https://github.com/credrender/credrender
for version in $VERSIONS; do
	git add -A
	git commit -q --allow-empty -m "Release $version"
	git tag "v$version"
	"$goreleaser" release --clean --skip=publish,sign
	packaging/image dist
	mkdir "packages-$version"
	mv dist/*.deb dist/*.rpm dist/*.apk dist/*.tar.gz dist/*_oci.tar dist/SHA256SUMS "packages-$version"
	echo "/packages-$version/" >> .git/info/exclude
done`
	build := exec.Command("sh", "-eu", "-c", script)
	build.Env = append(os.Environ(), "DIR="+dir, "ARCH="+runtime.GOARCH, "VERSIONS="+formerRelease+" "+newRelease,
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=test", "GIT_CONFIG_KEY_1=user.email", "GIT_CONFIG_VALUE_1=test@localhost")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, &buildError{err, string(out)}
	}
	return map[string]string{
		formerRelease: filepath.Join(dir, "packages-"+formerRelease),
		newRelease:    filepath.Join(dir, "packages-"+newRelease),
	}, nil
})

type buildError struct {
	err    error
	output string
}

func (e *buildError) Error() string { return "build releases: " + e.err.Error() + "\n" + e.output }

// packageFile returns the only file of a release with this extension.
func packageFile(t *testing.T, version, extension string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(releases(t)[version], "*"+extension))
	if err != nil || len(found) != 1 || !strings.Contains(found[0], version) {
		t.Fatalf("%s of release %s: %q (%v)", extension, version, found, err)
	}
	return found[0]
}
