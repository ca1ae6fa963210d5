package template

import "slices"

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
