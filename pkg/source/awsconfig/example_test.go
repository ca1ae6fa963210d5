package awsconfig_test

import (
	"context"
	"fmt"

	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// Settings that are left out come from the environment and ~/.aws, as in the SDK.
func ExampleLoad() {
	cfg, err := awsconfig.Load(context.Background(), awsconfig.Options{Region: "eu-west-1", KMSRegion: "eu-central-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.AWS.Region, cfg.KMS.Region)
	// Output: eu-west-1 eu-central-1
}

// A region that is no region never becomes part of a host name.
func ExampleCheckRegion() {
	fmt.Println(awsconfig.CheckRegion("eu-west-1"))
	fmt.Println(awsconfig.CheckRegion("evil.example/") != nil)
	// Output:
	// <nil>
	// true
}
