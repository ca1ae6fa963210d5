// Package supervise keeps one program running and replaces its process by a newer
// one.
//
// A [Child] starts in two stages. First it prepares: it fetches what the program
// needs, reports to the supervisor over a pipe, and waits. On [Child.Release] it
// becomes the program by execve, so that the process id and the exit status are the
// program's own. The supervisor thus knows that the new process can start before
// it ends the old one, and never sees what the new one has fetched.
//
// A [Supervisor] forwards signals to the process that is in force, replaces it, and
// returns its exit status once it ends by itself. A [Parent] is the other end of
// the pipes. [Init] is for PID 1 of a container.
package supervise
