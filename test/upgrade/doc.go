// Package upgrade tests state across versions: it builds credrender from older commits
// of this repository and lets old and new binaries work on one state directory. make
// upgrade runs it, since it needs the history and builds for a minute.
package upgrade
