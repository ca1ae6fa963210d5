// Package interop holds tests of the built binary against programs that other
// people wrote: Debian's nginx, htpasswd and systemd-analyze, and Python's credstash and
// Amazon's aws over moto, which stands in for AWS. "make interop" gets those programs and
// runs the tests; they are built with the tag "interop" alone.
//
// A program that is missing fails its tests. Where a developer's machine
// cannot have it, INTEROP_MAY_SKIP=1 skips them instead.
package interop
