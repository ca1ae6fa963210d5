// Package txn changes the files of one job together: all of them become new,
// or all stay old, a kill -9 and a power cut included.
//
// A transaction is driven by its caller:
//
//	t, err := disk.Prepare(ctx, journal, files) // stages each new file beside its destination
//	...check each t.Staged(dest); t.Rollback(false) if one is refused
//	err = t.Commit(ctx, pending)                // installs all files; the hook is pending from before the first rename
//	...verify; t.Rollback(false) if it refuses
//	err = t.Done()                              // removes the old files; there is no way back
//	...hooks; then the caller journals idle     // state.Job.Update with Record.HookDone or Record.HookFailed
//
// [Txn.Replace] does the work of Commit and Done with fewer syncs, where one file changes that
// neither verify nor a hook depends on.
//
// A step that returns an error has already undone what it could. The next run calls
// [Disk.Recover] with the [Record] from the journal before anything else. Recovery
// undoes and never redoes, and can itself be killed at any point.
//
// On disk, by phase of the journal:
//
//	prepare  the old files, or the new one of Replace; perhaps staged files
//	         (.NAME.credrender-X.new) and second names of the old ones (.NAME.credrender-X.old)
//	commit   some old and some new files, some removed; every old one has its second name
//	done     the new files; perhaps second names of the old ones
//	idle     the destinations alone
//
// Syncs make sure of that: each staged file is synced first, and the names in all
// directories before the journal changes to commit, done or idle.
//
// All operations use open directories, so that nobody can redirect a path between two
// of them; package fsys decides which users could.
//
// Not promised: that readers see no mixture between the first and the last rename;
// that a file written InPlace is whole at every instant; that anything is undone if the
// journal is lost (a run without a state directory). Extended attributes and ACLs of an
// old file are not copied to the new one.
package txn
