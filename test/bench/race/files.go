package race

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Files returns the pages and plots as the numbers of the last run have them, by path below root.
func Files(root string) (map[string]string, error) {
	r, g := &Report{}, &Growth{}
	for path, into := range map[string]any{"test/bench/peers.json": r, "test/bench/scale.json": g} {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	files := map[string]string{filepath.Join(root, "docs/peers.svg"): r.Plot(), filepath.Join(root, "docs/growth.svg"): g.Plot()}
	blocks := Blocks(r, g)
	for _, page := range Pages() {
		path := filepath.Join(root, page)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if files[path], err = Insert(string(text), blocks); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return files, nil
}
