// Package template renders config files from text/template templates whose
// functions ask for secrets: {{ secret "db.password" "env=prod" }}.
//
// It is pure: it opens no file and no connection and reads neither the clock
// nor the environment. Whatever a template wants from outside is a [Query],
// answered by one injected [Lookup] out of what its caller has fetched:
//
//	tmpl, err := template.Parse(text, template.Options{Name: path})
//	for wave := tmpl.Discover(ctx, lookup); len(wave) > 0; wave = tmpl.Discover(ctx, lookup) {
//		fetch(wave) // all at once
//	}
//	out, err := tmpl.Execute(ctx, lookup)
//
// # Passes
//
// Every method that executes is a pass of text/template itself over the same
// tree, in which the places that print, branch, loop and call are numbered
// (rewrite.go). In the pass of Execute values are real. In those of Discover
// and Mask a value may be unknown: a function that needs it returns something
// unknown, and a branch that turns on it is not entered. What was found without
// a value cannot depend on it; so
//
//   - a query that Discover returns is one that Execute will make,
//   - what a pass without secrets printed may be shown ([Template.Mask]), and
//   - what it said in an error may be shown too ([Error]).
//
// # Functions
//
// All of Sprig v3 less getHostByName, and secret, secretVersion, secretOr,
// secrets, file, hostname, htpasswd, shellquote, envquote, jsonquote,
// nginxquote, minjson, toYaml and toToml. env, expandenv, now and all dates
// come through the Lookup. Functions that put the text of an error, or nothing,
// into the output fail instead; keys and values are sorted; slice takes strings
// too; printing nil is an error. Sizes, loops and recursion are bounded.
// Sprig's random functions and its certificates use the randomness and clock
// of the process.
//
// A new source is one more entry in the table of sources.go, and a [Kind].
package template
