// Package state is what one run leaves for the next: which versions are in
// place, whose hook is owed, the journal of the transaction under way, and
// the lock that keeps two runs apart.
//
// A run opens the directory ([Open]), takes the lock ([Dir.Lock]), has
// unfinished transactions undone (the records of [Dir.Jobs] that are in a
// phase), and then works job by job on a [Job]: it is the [txn.Journal] of
// the job's transactions, and [Job.Update] settles what became of it.
//
// It holds no secret. Contents appear only as fingerprints under a key that
// lives in the runtime directory, which a copy of the state directory does not
// carry; without that key they are unknown, which is no error.
//
// The directory (0700) holds
//
//	lock          flocked by the run under way, which writes its pid there
//	host.key      the random key of this machine
//	job-HASH.json one for each job, by a hash of its id
//
// Files are written whole: temporary file, fsync, rename, fsync of the
// directory. A crash leaves the old or the new one; a file that cannot be read
// was edited by hand, and is reported, never dropped.
package state
