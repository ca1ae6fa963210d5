package template

import (
	"slices"
	"strings"
)

// shown is how many names a message lists.
const shown = 5

// nearest returns the names that differ from word in the fewest letters, best
// first.
func nearest(word string, names []string) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return distance(word, a) - distance(word, b) })
	return names[:min(len(names), shown)]
}

// similar returns the name that is close enough to be meant, or nothing.
func similar(word string, names []string) string {
	if best := nearest(word, names); len(best) > 0 && distance(word, best[0]) <= max(1, len(word)/3) {
		return best[0]
	}
	return ""
}

// distance is Levenshtein's: letters to insert, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// meant returns the function that an unknown name stands for: one that differs in
// case alone, one that other programs call so, or a similar one.
func meant(name string, functions []string) string {
	for _, f := range functions {
		if strings.EqualFold(f, name) {
			return f
		}
	}
	switch name { // consul-template, confd, gomplate and vals
	case "parseJSON", "json", "jsonv", "data.JSON":
		return "fromJson"
	case "parseYAML", "yaml":
		return "fromYaml"
	case "base64Decode", "base64URLDecode":
		return "b64dec"
	case "base64Encode":
		return "b64enc"
	case "getenv", "mustEnv", "envOrDefault":
		return "env"
	case "key", "getv", "vault", "ref":
		return "secret"
	case "keyOrDefault":
		return "secretOr"
	case "parseInt", "parseUint":
		return "int"
	case "parseFloat":
		return "float64"
	case "toLower":
		return "lower"
	case "toUpper":
		return "upper"
	}
	return similar(name, functions)
}
