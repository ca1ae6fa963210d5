package document

import "strings"

// PointerKeys returns the keys of a JSON Pointer
// (https://www.rfc-editor.org/rfc/rfc6901.html). The empty pointer has none.
func PointerKeys(pointer string) []string {
	if pointer == "" {
		return nil
	}
	keys := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, k := range keys {
		keys[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(k)
	}
	return keys
}
