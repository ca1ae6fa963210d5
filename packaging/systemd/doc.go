// Package systemd holds unit files and, as tests, what they must say: a key that
// systemd does not know is ignored with a line in the journal that nobody reads.
package systemd
