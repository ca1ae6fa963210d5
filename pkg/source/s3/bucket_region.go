package s3

import (
	"strings"
	"sync"

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
