package race

import (
	"fmt"
	"maps"
	"slices"
)

// Ratio is credrender's time and CPU time in a case, of the limit program's.
type Ratio struct {
	Wall float64 `json:"wall"`
	CPU  float64 `json:"cpu"`
}

const (
	// margin is how much worse than on record a ratio may be: a busy machine
	// moves it by half, a real loss by more than this.
	margin = 2.0
	// floor is a ratio that is never too much: small ones double by chance.
	floor = 2.5
)

// Check says which ratios are past the margin of those on record, in the order
// of their names. A case that is on one side only is a fault too.
func Check(recorded, measured map[string]Ratio) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		was, now := recorded[name], measured[name]
		if now == (Ratio{}) {
			faults = append(faults, name+": on record and not measured")
			continue
		}
		if now.Wall > allowed(was.Wall) {
			faults = append(faults, fmt.Sprintf("%s: %.2f times the limit program's wall time, %.2f on record", name, now.Wall, was.Wall))
		}
		if now.CPU > allowed(was.CPU) {
			faults = append(faults, fmt.Sprintf("%s: %.2f times the limit program's CPU time, %.2f on record", name, now.CPU, was.CPU))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		if _, ok := recorded[name]; !ok {
			faults = append(faults, name+": measured and not on record")
		}
	}
	return faults
}

func allowed(recorded float64) float64 { return max(margin*recorded, floor) }

// Better takes the smaller of two measurements of each ratio.
func Better(a, b map[string]Ratio) map[string]Ratio {
	best := maps.Clone(a)
	for name, x := range b {
		y := a[name]
		best[name] = Ratio{Wall: min(x.Wall, y.Wall), CPU: min(x.CPU, y.CPU)}
	}
	return best
}
