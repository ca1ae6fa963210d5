package s3

import (
	"strings"
	"sync"

	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// S3 answers a request for a bucket of another region with the region's name, by a
// header (x-amz-bucket-region) or in the error. The AWS CLI and botocore ask again
// there, and so do we: a new request, signed for that region and sent to its host
// by the SDK's endpoint rules. An address that an answer redirects to is never
// followed. https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html

// homes are the regions of buckets that are in another than the client's. The
// zero value is ready.
type homes struct{ byBucket sync.Map }

func (h *homes) region(bucket, otherwise string) string {
	if r, ok := h.byBucket.Load(bucket); ok {
		return r.(string)
	}
	return otherwise
}

func (h *homes) learn(bucket, region string) { h.byBucket.Store(bucket, region) }

// follows reports whether a bucket is asked for in the region that an answer names.
// An endpoint of one's own has no other regions, the ARN of an access point states
// its own, and credentials hold in one partition.
func (c *client) follows(bucket, region string) bool {
	return c.rules.Endpoint == nil && !strings.HasPrefix(bucket, "arn:") &&
		awsconfig.CheckRegion(region) == nil && Partition(region) == Partition(*c.rules.Region)
}
