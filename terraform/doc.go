// Package terraform has no code, only the Terraform modules below modules/ and
// the example below examples/, and tests of them.
//
// The AWS provider is not needed to run those tests, and nothing has been
// applied to an AWS account by them. module_test.go reads the files with
// HashiCorp's own parser; schema_test.go holds every resource against
// testdata/schema.yaml, the provider's documentation in short, and every
// reference against what it refers to; eval_test.go evaluates a module as
// Terraform would, with made-up attributes in place of what AWS would answer.
//
// On that rest the tests of behaviour: what policies and grants come out
// (policy_test.go, grant_test.go), and that the example's user data fits and
// runs (userdata_test.go). "make interop" adds the real binary: fmt, and an
// apply of all of it, against a fake of the provider (interop/tfaws).
package terraform
