// Package state stores what one run leaves for the next: the installed versions, pending
// hooks, the journal of an unfinished transaction, and the lock that keeps runs apart.
//
// A run opens the directory ([Open]), takes the lock ([Dir.Lock]) and undoes unfinished
// transactions (the records of [Dir.Jobs] that are in a phase). It then works on one [Job]
// after another: a Job is the [txn.Journal] of the job's transactions, and [Job.Update]
// stores the result.
//
// The directory contains no secret. Contents are stored only as fingerprints under a key
// in the runtime directory, so that a copy of the state directory reveals nothing. If the
// key is gone, the fingerprints are unknown, which is not an error.
//
// The directory (0700) contains:
//
//	lock          locked (flock) by the current run, which writes its pid to it
//	host.key      the random key of this machine
//	job-HASH.json one for each job, by a hash of its id
//
// Files are replaced as a whole: temporary file, fsync, rename, fsync of the directory. A
// crash leaves the old or the new one. A file that cannot be parsed was edited by hand; it
// is reported and never dropped.
package state
