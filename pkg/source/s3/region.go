package s3

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// If a bucket is in another region, S3 returns the region in a header
// (x-amz-bucket-region) or in the error. As the AWS CLI and botocore do, the client then
// sends a new request, signed for that region, to the host that the SDK's endpoint rules
// give. It never follows the address of a redirect.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html

// homes holds the regions of buckets outside the client's region. The zero value is ready.
type homes struct{ byBucket sync.Map }

func (h *homes) region(bucket, otherwise string) string {
	if r, ok := h.byBucket.Load(bucket); ok {
		return r.(string)
	}
	return otherwise
}

// follows reports whether to send the request again, to the region in an answer. A
// configured endpoint has no other regions, the ARN of an access point has its own, and
// credentials are valid in one partition.
func (c *client) follows(bucket, region string) bool {
	return c.rules.Endpoint == nil && !strings.HasPrefix(bucket, "arn:") &&
		awsconfig.CheckRegion(region) == nil && Partition(region) == Partition(*c.rules.Region)
}

// partitions lists the partitions of AWS, the largest first, each with one of its regions.
func partitions() [][2]string {
	return [][2]string{
		{"aws", "us-east-1"}, {"aws-us-gov", "us-gov-west-1"}, {"aws-cn", "cn-north-1"}, {"aws-eusc", "eusc-de-east-1"},
		{"aws-iso", "us-iso-east-1"}, {"aws-iso-b", "us-isob-east-1"}, {"aws-iso-e", "eu-isoe-west-1"}, {"aws-iso-f", "us-isof-south-1"},
	}
}

// Partition returns the partition of a region: "aws", "aws-cn", "aws-us-gov".
//
// The SDK does not export its list of partitions. Its rules for S3 refuse an access point
// in another partition than the region's, so Partition evaluates them for one in each. A
// region in no known partition counts as one of "aws", as in the SDK.
func Partition(region string) string {
	for _, p := range partitions() {
		_, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), s3.EndpointParameters{
			Region: aws.String(region), UseArnRegion: aws.Bool(true),
			Bucket: aws.String("arn:" + p[0] + ":s3:" + p[1] + ":123456789012:accesspoint/probe"),
		})
		if err == nil {
			return p[0]
		}
	}
	return "aws"
}
