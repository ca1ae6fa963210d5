// Package template renders config files from text/template templates whose
// functions fetch secrets: {{ secret "db.password" "env=prod" }}.
//
// [Render] does all of it for one template:
//
//	tmpl, err := template.Parse(text, template.Options{Name: path})
//	out, err := template.Render(ctx, tmpl, template.Resolver{Source: secrets})
//
// Render is made of three calls, which serve programs with several templates, or
// with a use for the answers: [Gather] fetches what all templates ask for in one
// batch, [Missing] names every secret that is missing or refused, and
// [Rendering.Execute] renders one template.
//
// The package is pure: it opens no file and no connection, and reads neither the
// environment nor, except for a [TimeLimit], the clock. A [Resolver] brings the source of secrets and, as far as
// templates may see it, the [Host].
//
// # Passes
//
// Each execution is a pass of text/template itself over the same tree, in which the
// places that print, branch, loop and call are numbered (rewrite.go). The pass of
// Execute has all values. In the passes of Gather and [Rendering.Mask] a value may be
// unknown: a function that needs it returns something unknown, and a branch that
// depends on it is not entered. What such a pass finds cannot depend on the value, so
//
//   - a query that Gather fetches is one that Execute makes,
//   - what a pass without secrets prints may be shown, and
//   - what it reports in an error may be shown too ([Error]).
//
// # Functions
//
// Templates have all functions of Sprig v3 except getHostByName, and those of the table
// in internal/funcs/rows.go that are our own (docs/templates.md). A function that cannot
// convert its input fails, where Sprig's returns zero, nothing or the text of an
// error. Keys and values are sorted, and printing nil, a list or a map is an error.
// Actions, recursion, values and output are bounded for each execution (budget.go), and
// with [Resolver.Time] its time is. Sprig's random functions and certificates
// use the randomness and clock of the process.
//
// A function for another source is one more entry in the table of funcs_secret.go.
package template
