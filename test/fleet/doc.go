// Package fleet shows what a fleet of hosts costs AWS: docs/fleet.md, written by
// "make fleet".
//
// Every host is a real daemon (package daemon: plan, splay, backoff) with the
// real change check and fetch (packages render, store, dynamo, kms, wire with its
// retries). What is not real is the clock, which testing/synctest fakes, AWS
// ([Cloud], the tables and keys of package awstest behind AWS's quotas, without
// HTTP), and a host's disk: what a render would write down is kept in memory,
// and templates are a list of names. A test holds that shortcut against
// package render itself.
//
// cloud.go is AWS, ledger.go what it counts, host.go one host, fleet.go many of
// them through a reboot, a quiet minute, a full look and a rotation; page.go
// makes the table.
package fleet
