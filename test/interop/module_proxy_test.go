//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// moduleProxy serves this working tree to Go as the release v0.0.1 of the module, and
// returns the settings that make "go install ...@$VERSION" take it from there. Other
// modules come from Go's cache, or from where this machine gets its modules.
func moduleProxy(t *testing.T) []string {
	t.Helper()
	settings, err := packModule()
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

var packModule = sync.OnceValues(func() ([]string, error) {
	const module, version = "github.com/credrender/credrender", "v0.0.1"
	dir, err := os.MkdirTemp(filepath.Dir(binary), "proxy-") // TestMain removes it
	if err != nil {
		return nil, err
	}
	// A module's archive leaves out the modules in its folders.
	const script = `
versions=$DIR/proxy/$MODULE/@v
tree=$MODULE@$VERSION
mkdir -p "$versions" "$DIR/tree/$tree"
echo "$VERSION" > "$versions/list"
echo "{\"Version\": \"$VERSION\"}" > "$versions/$VERSION.info"
cp go.mod "$versions/$VERSION.mod"
git ls-files -co --exclude-standard -z | tar -c --null -T - --ignore-failed-read | tar -x -C "$DIR/tree/$tree"
find "$DIR/tree/$tree" -mindepth 2 -name go.mod -printf '%h\n' | while read -r nested; do rm -rf "$nested"; done
python3 -c 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", *sys.argv[2:])' "$versions/$VERSION" "$DIR/tree" "$tree"
echo "file://$DIR/proxy,file://$(go env GOMODCACHE)/cache/download,$(go env GOPROXY)"`
	pack := exec.Command("sh", "-euc", script)
	pack.Dir, pack.Env = "../..", append(os.Environ(), "DIR="+dir, "MODULE="+module, "VERSION="+version)
	pack.Stderr = os.Stderr
	proxies, err := pack.Output()
	if err != nil {
		return nil, fmt.Errorf("pack the module: %w", err)
	}
	return []string{
		"VERSION=" + version, "GOPROXY=" + strings.TrimSpace(string(proxies)), "GONOSUMDB=" + module,
		"GOFLAGS=-modcacherw", "GOMODCACHE=" + filepath.Join(dir, "cache"), // this v0.0.1 is nobody else's
	}, nil
})
