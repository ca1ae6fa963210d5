package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// maxInput is more than any store, template or config holds. Without a limit,
// @/dev/zero takes all of the machine's memory before a store could refuse it.
const maxInput = 64 << 20

// errLong is the error of an input that is longer.
var errLong = errors.New("more than 64 MiB")

// readAll reads an input to its end.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err == nil && len(data) > maxInput {
		return nil, errLong
	}
	return data, err
}

// readInput reads standard input. Nothing at all is what a program that failed before
// the pipe leaves.
func (a *app) readInput(what string) ([]byte, error) {
	data, err := readAll(a.stdin)
	if err == nil && len(data) == 0 {
		return nil, usagef("%s: standard input is empty: was there an error before the pipe?", what)
	}
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return data, nil
}

// readFile reads a file, or what a device or pipe gives.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAll(f)
	if errors.Is(err, errLong) {
		return nil, &os.PathError{Op: "read", Path: path, Err: err}
	}
	return data, err
}
