package config

import (
	"slices"
	"strings"
)

// nearest returns the candidate that differs from word in the fewest letters,
// or nothing if that would be guessing.
func nearest(word string, candidates []string) string {
	best, at := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(normal(word), normal(c)); d < at {
			best, at = c, d
		}
	}
	return best
}

// normal makes kms-region, KMSRegion and kms_region alike.
func normal(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// distance counts the letters to insert, remove, replace or swap with the next
// (optimal string alignment).
func distance(a, b string) int {
	var before []int // the row before last
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// elsewhere is what other tools call a key.
func elsewhere(word string) string {
	return map[string]string{
		"perms":              "mode",
		"permissions":        "mode",
		"uid":                "owner",
		"user":               "owner",
		"gid":                "group",
		"dst":                "dest",
		"template":           "src",
		"contents":           "content",
		"check_cmd":          "check",
		"reload_cmd":         "hook",
		"command":            "hook",
		"create_dest_dirs":   "create_dirs",
		"make_directories":   "create_dirs",
		"left_delimiter":     "delims",
		"right_delimiter":    "delims",
		"output_format":      "format",
		"templates":          "files",
		"encryption_context": "context",
		"role_arn":           "arn",
		"interval":           "schedule",
	}[word]
}

// Nearest returns the name of candidates that word probably stands for: what another tool
// calls so, or a similar one; or "".
func Nearest(word string, candidates []string) string {
	if k := elsewhere(word); slices.Contains(candidates, k) {
		return k
	}
	return nearest(word, candidates)
}

// suggest is the hint for an unknown key.
func suggest(word string, keys []string) string {
	if k := elsewhere(word); slices.Contains(keys, k) {
		return "here it is " + k
	}
	if k := nearest(word, keys); k != "" {
		return "did you mean " + k + "?"
	}
	return "known are " + strings.Join(keys, ", ")
}
