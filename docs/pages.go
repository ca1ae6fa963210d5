// Package docs holds the pages that 'credrender help TOPIC' and the manual pages print.
package docs

import "embed"

// Pages are the pages that answer a question of somebody who operates credrender. The
// others are read before: to choose, to install, to try.
//
//go:embed access.md authoring.md aws-down.md coming-from.md confd.md configuration.md consul-template.md containers.md conversions.md
//go:embed daemon.md exec-watch.md guarantees.md hold.md import-export.md key-compromised.md lifecycle.md monitoring.md rights.md
//go:embed rotating.md runbook.md security.md sources.md systemd.md templates.md troubleshooting.md unchanged-runs.md
var Pages embed.FS
