// Package template renders config files from text/template templates whose
// functions ask for secrets.
//
// It is pure: it opens no file and no connection and reads neither the clock
// nor the environment. Whatever a template wants from outside is a [Query],
// answered by one injected [Lookup].
package template
