// Package examples has no code, only tests of the folders below it: each is
// run as far as that can be done without the machine that it is for.
//
//   - every config is linted, and rendered with fixtures (config_test.go)
//
//   - scripts and crontabs go through sh -n and run below a folder (script_test.go)
//
//   - what other programs read is parsed, and the commands of credrender in it
//     are run (container_test.go)
//
//   - the program in library is built in a module of its own (library_test.go)
//
// examples/nginx and examples/lambda are packages of their own, tested there.
package examples
