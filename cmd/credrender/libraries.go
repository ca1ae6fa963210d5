package main

import (
	"io"
	"log"
	"os"
)

// quietLibraries keeps what credrender is built of from the streams of this process:
// only what a command was given as standard error says something there.
//
// The SDK hands os.Stderr and os.Stdin to a credential_process, which may print a
// credential into a log, and read the value that was piped in. It has both on a
// terminal, where some ask for a code. net/http logs how answers begin that
// nobody asked for.
func quietLibraries() {
	log.SetOutput(io.Discard)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return // there is nothing to put in their place
	}
	if !isTerminal(os.Stderr) {
		os.Stderr = null
	}
	if !isTerminal(os.Stdin) {
		os.Stdin = null
	}
}
