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
//
// Each file has the number of its format:
//
//	1  records grew under this number: the account was at first part of identity; the
//	   pending hook is called debt
//	2  machine apart from identity; pending_hook; of each file, seen (inode, size, change
//	   time); failures in a row
//	3  left, the files that a job no longer makes; matches, the names for which for_each
//	   made files; removals in the journal, whose owed became hook_pending
//
// A format is read strictly, except that unknown keys of format 1 are ignored, and a newer
// format is refused. Each write makes a file the newest format. A key that an older
// credrender must understand needs a new number, and code that reads the form before it.
// "make upgrade" tries that with binaries built from the history.
package state
