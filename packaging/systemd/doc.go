// Package systemd holds unit files, the page that explains them, and tests of what the
// units must say: a key that systemd does not know is ignored with a line in the journal
// that nobody reads.
package systemd

import "embed"

// Pages holds README.md, which 'credrender help units' prints.
//
//go:embed README.md
var Pages embed.FS
