package main

import (
	"slices"
	"strings"
)

// putWords are the words of put, sorted out before anything is read. Any of them
// may be the value, so that no message has one.
type putWords struct {
	ref     string
	value   string // as a word: itself, @FILE or -
	given   bool   // there is a value among the words
	literal bool   // it follows --, and is itself whatever it begins with
	context []string
}

// sortPutWords sorts the words of put; dash is how many stand before --, or -1.
func sortPutWords(args []string, dash int) (putWords, error) {
	w := putWords{ref: args[0]}
	rest := args[1:]
	switch {
	case dash == 1 && len(rest) == 0:
		return w, usagef("put: nothing follows --; there the value stands")
	case dash == 1:
		w.literal, w.given = true, true
	case len(rest) > 0:
		w.given = !isPair(rest[0])
	}
	if w.given {
		w.value, rest = rest[0], rest[1:]
	}
	if i := slices.IndexFunc(rest, func(word string) bool { return !isPair(word) }); i >= 0 {
		return w, surplus(w.given)
	}
	if !w.given && slices.ContainsFunc(rest, func(word string) bool { return strings.HasSuffix(word, "=") }) {
		return w, usagef("put: no value: the word that ends in = was read as KEY=VALUE of a context; a value of that form, such as base64, goes after --: 'credrender put NAME -- VALUE', or to standard input: 'credrender put NAME - [KEY=VALUE]...'")
	}
	if slices.ContainsFunc(rest, isJoined) {
		return w, usagef("put: a word after the value holds several pairs of a context (it is not shown: it may be a part of the value): separate them by spaces; --context KEY=VALUE takes a comma literally")
	}
	w.context = rest
	return w, nil
}

func surplus(given bool) error {
	if !given {
		return usagef("put: the value stands right after the name, and words KEY=VALUE after it: 'credrender put NAME - [KEY=VALUE]...' reads standard input, 'credrender put NAME -- VALUE [KEY=VALUE]...' takes any VALUE")
	}
	return usagef("put: a word after the value is not KEY=VALUE (it is not shown: it may be a part of the value): quote a value with spaces, or 'credrender put NAME - [KEY=VALUE]...' reads it from standard input; one that begins with - or @ goes after --")
}

// isPair reports whether a word is KEY=VALUE, and not what else stands for a value.
func isPair(word string) bool {
	return strings.Index(word, "=") > 0 && word[0] != '@'
}

// noValue is the error of a put without a value and without a terminal to ask on.
func noValue(context []string) error {
	why := "no value"
	if len(context) > 0 {
		why += ": the last words are KEY=VALUE, which is a context"
	}
	return usagef("put: %s: 'credrender put NAME - [KEY=VALUE]...' reads standard input, @FILE a file; a value that looks like KEY=VALUE (base64 may end in =) goes after --: 'credrender put NAME -- VALUE'", why)
}

// glued reports whether after the word put a flag and its value were given as one word, like -Xyz:
// where the value is missing, that word may have been meant for it.
func glued(words []string) bool {
	return slices.ContainsFunc(words[slices.Index(words, "put")+1:], func(w string) bool { return len(w) > 2 && w[0] == '-' && w[1] != '-' })
}
