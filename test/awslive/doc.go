// Command awslive runs credrender against a real AWS account, as a user would:
// setup, put, get, render, a rotation with its hook, a daemon, a grant to a
// second role and its end, S3, Parameter Store, Secrets Manager. "make aws-live"
// builds and starts it.
//
// It touches only what it makes. Everything has one prefix with a random end,
// and is removed when the run ends, fails or is interrupted. A run that was
// killed is finished by "make aws-live-clean PREFIX=...".
//
// The program is a module of its own, so that credrender does not depend on
// the SDK's IAM client. It drives the built binary, and uses the SDK for what a
// user would do by other means. journey.go lists the steps; clean.go removes
// what they made. Behind AWS_ENDPOINT_URL is an emulator, which refuses
// nobody: what only AWS enforces is then reported as not checked.
package main
