package ec2_test

import (
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source/ec2"
)

// Facts lists what can be asked for.
func ExampleFacts() {
	fmt.Println(slices.Contains(ec2.Facts(), "instance-id"), slices.Contains(ec2.Facts(), "iam/security-credentials"))
	// Output: true false
}
