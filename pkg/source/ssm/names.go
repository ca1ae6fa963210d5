package ssm

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// wanted returns the name of a ref in requests.
func wanted(r source.Ref) string {
	if r.Version == "" {
		return r.Name
	}
	return r.Name + ":" + r.Version
}

func names(refs []source.Ref) []string {
	all := make([]string, len(refs))
	for i, r := range refs {
		all[i] = wanted(r)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// isReference reports whether a name refers to a secret of Secrets Manager. AWS returns
// these only with decryption
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html).
func isReference(name string) bool {
	const path = "/aws/reference/secretsmanager/"
	return strings.HasPrefix(name, path) || strings.HasPrefix(name, "arn:") && strings.Contains(name, ":parameter"+path)
}

func apart(names []string) (own, references []string) {
	for _, name := range names {
		if isReference(name) {
			references = append(references, name)
		} else {
			own = append(own, name)
		}
	}
	return own, references
}

// batches divides names so that no batch has two versions of one parameter: answers do not
// contain the version, and AWS refuses a duplicate name.
func batches(names []string) [][]string {
	var layers [][]string
	depth := map[string]int{}
	for _, name := range names {
		base := base(name)
		if depth[base] == len(layers) {
			layers = append(layers, nil)
		}
		layers[depth[base]] = append(layers[depth[base]], name)
		depth[base]++
	}
	var all [][]string
	for _, layer := range layers {
		all = slices.AppendSeq(all, slices.Chunk(layer, maxBatch))
	}
	return all
}

// base returns a name without its version or label. An ARN contains other colons.
func base(name string) string {
	if strings.HasPrefix(name, "arn:") {
		head, tail, _ := strings.Cut(name, "/")
		tail, _, _ = strings.Cut(tail, ":")
		return head + "/" + tail
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}
