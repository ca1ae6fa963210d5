// Package fleet measures what a fleet of hosts costs AWS. "make fleet" writes docs/fleet.md.
//
// Each host is a real daemon (package daemon) with the real change check and fetch (packages
// render, store, dynamo and kms, with the retries of package wire). Three things are fakes:
// the clock (testing/synctest), AWS ([Cloud]: the tables and keys of package awsfake behind
// AWS's quotas, without HTTP), and a host's disk, which is in memory. Templates are lists of
// names. A test compares these shortcuts with package render.
//
// cloud.go is AWS, and ledger.go counts its requests. host.go is one host; fleet.go takes many
// of them through a reboot, an unchanged minute, a full refresh and a rotation. page.go prints
// the table.
package fleet
