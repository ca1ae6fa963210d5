package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// doctorItem is a problem of one version in the table.
type doctorItem struct {
	name, text string
	fix        string
	cause      string // equal for problems that are told as a group
	groupFix   string
}

// tellItems prints the problems of versions. Many with one cause are one finding.
func (d *doctor) tellItems(verdicts []store.Verdict) {
	items := d.itemProblems(verdicts)
	groups := map[string][]doctorItem{}
	for _, it := range items {
		groups[it.cause] = append(groups[it.cause], it)
	}
	for _, it := range items {
		group := groups[it.cause]
		switch {
		case len(group) < groupFrom:
			d.tell(warning, "secret "+source.Show(it.name), it.text, it.fix)
		case it == group[0]:
			var names []string
			for _, one := range group[:groupShown] {
				names = append(names, source.Show(one.name))
			}
			subject := fmt.Sprintf("secrets %s, and %s more", strings.Join(names, ", "), thousands(len(group)-groupShown))
			d.tell(warning, subject, it.cause, it.groupFix)
		}
	}
}

func (d *doctor) itemProblems(verdicts []store.Verdict) (items []doctorItem) {
	for _, v := range verdicts {
		version := source.Show(v.Version)
		if slices.Contains(v.Notes, store.NoteUnpadded) {
			items = append(items, doctorItem{
				v.Name, fmt.Sprintf("its version %s is not padded, so it hides later ones", version), d.line("migrate", v.Name),
				"a version is not padded, so it hides later ones", d.line("migrate") + "  # 'credrender verify-store' lists them",
			})
		}
		if v.Err != nil {
			items = append(items, doctorItem{
				v.Name, fmt.Sprintf("version %s does not open: %v", version, v.Err), d.line("delete", v.Name, "-v", v.Version) + "  # unless you know its context",
				fmt.Sprintf("a version does not open: %v", v.Err), d.line("verify-store") + "  # lists them; --context-map FILE has contexts by name",
			})
		}
	}
	return items
}
