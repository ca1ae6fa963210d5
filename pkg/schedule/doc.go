// Package schedule decides when a host runs something: cron expressions that
// cannot hang or panic ([Parse]), each host's fixed share of a delay ([Splay]),
// and the loop that runs entries when they are due ([Loop]).
//
// A [Schedule] is pure: Next maps one time to another. A [Plan] holds a set of
// entries and the times at which they are due. It is pure too: the clock is an
// argument, so a test of a whole day takes a millisecond. A Loop drives a Plan by
// the clock and runs the entries that are due, one set at a time.
//
// Expressions mean what crontab(5) and cron(8) of Debian document, with the
// additions and exceptions listed at [Parse] and [Schedule.Next]. This package
// reads the fields itself, because the parser of github.com/robfig/cron/v3 panics
// on some input and differs from crontab(5) on other. The search for the next
// matching time is robfig/cron's. The zones of CRON_TZ are compiled in, because
// an image made from scratch has none.
package schedule
