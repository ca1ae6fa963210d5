// Package schedule decides when a host does something: cron expressions that
// cannot hang or panic ([Parse]), each host's own share of a delay ([Splay]),
// and the loop that runs what is due ([Loop]).
//
// A [Schedule] answers one question, Next, and is pure. A [Plan] holds a set of
// entries and the times at which they are due next; it is pure too: the clock
// comes in as an argument, so that a day takes a millisecond to test. A Loop
// drives a Plan by the clock and hands over what is due, one set at a time.
//
// Expressions are those of github.com/robfig/cron/v3, which has not changed
// since 2020 and panics on some of them; what is guarded against is listed at
// Parse. The zones of CRON_TZ are compiled in: an image made from scratch has
// none.
package schedule
