package funcs

import "strings"

// Names returns the names in all rows, in order.
func Names() (names []string) {
	for _, r := range rows() {
		names = append(names, strings.Fields(r.names)...)
	}
	return names
}
