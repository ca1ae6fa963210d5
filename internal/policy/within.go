package policy

import "strings"

// Within narrows a computed name to what a job may ask for: its patterns, in
// which * stands for any characters. Without patterns, or with a name that is
// known, it is the need alone.
func (n Need) Within(allow []string) []Need {
	if !n.Prefix || len(allow) == 0 {
		return []Need{n}
	}
	var narrowed []Need
	for _, pattern := range allow {
		if n.Ref.Source != "" {
			var ok bool
			if pattern, ok = strings.CutPrefix(pattern, n.Ref.Source+":"); !ok {
				continue
			}
		}
		begins, _, wild := strings.Cut(pattern, "*")
		one := n
		switch {
		case !wild && strings.HasPrefix(pattern, n.Ref.Name):
			one.Ref.Name, one.Prefix = pattern, false
		case wild && strings.HasPrefix(begins, n.Ref.Name):
			one.Ref.Name = begins
		case !wild || !strings.HasPrefix(n.Ref.Name, begins):
			continue
		}
		narrowed = append(narrowed, one)
	}
	return narrowed
}

// ParseARN splits the ARN of a key or principal. ok is false for what is none.
func ParseARN(arn string) (partition, region, account, resource string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return "", "", "", "", false
	}
	return parts[1], parts[3], parts[4], parts[5], true
}
