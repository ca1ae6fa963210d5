// Package txn changes the files of one job together: all of them become new,
// or all stay old, a kill -9 and a power cut included.
//
// A transaction is driven by its caller:
//
//	t, err := disk.Prepare(ctx, journal, files) // staged beside each destination, nothing visible
//	...check each t.Staged(dest); t.Rollback(false) where one is refused
//	err = t.Commit(ctx, owed)                   // every destination is new; the hook is owed from before the first rename
//	...verify; t.Rollback(false) where it refuses
//	err = t.Done()                              // the old files are gone, there is no way back
//	...hooks; then the caller journals idle     // state.Job.Update with Record.Paid or Record.HookFailed
//
// Where a step returns an error, it has already set back what can be set back.
// The next run calls [Disk.Recover] with the journalled [Record] before
// anything else: it undoes, never redoes, and may itself be killed.
//
// On disk, by phase of the journal:
//
//	prepare  the old files; perhaps staged files (.NAME.credrender-X.new)
//	         and second names of the old ones (.NAME.credrender-X.old)
//	commit   some old and some new files; every old one has its second name
//	done     the new files; perhaps second names of the old ones
//	idle     no names of ours but the destinations'
//
// What stands in which phase is made certain by syncs: staged files before
// anything else, the names in all directories before the journal says commit,
// and again before it says done or idle.
//
// Files are named on open directories and never through a path that somebody
// else could redirect; package fsys says who counts as somebody else.
//
// Not promised: that a reader sees no mixture between the first and the last
// rename; that a file written InPlace is whole at every instant; that anything
// is undone when the journal is lost (a run without a state directory).
// Extended attributes and ACLs of an old file are not carried to the new one.
package txn
