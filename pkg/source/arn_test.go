package source_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

func TestSplitObject(t *testing.T) {
	const ap = "arn:aws:s3:eu-west-1:123456789012:accesspoint"
	for name, want := range map[string][2]string{
		"bucket/a/b":         {"bucket", "a/b"},
		"bucket":             {"bucket", ""},
		ap + "/web/a/b":      {ap + "/web", "a/b"},
		ap + ":web/a/b":      {ap + "/web", "a/b"},
		ap + "/web":          {ap + "/web", ""},
		ap + "/web/a:b":      {ap + "/web", "a:b"},
		ap + "/web/arn:aws:": {ap + "/web", "arn:aws:"},
		"arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/web/k":                   {"arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/web", "k"},
		"arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/f/k":           {"arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/f", "k"},
		"arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/a/k/l": {"arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/a", "k/l"},
		"arn:aws:s3-outposts:eu-west-1:123456789012:outpost:op-1:accesspoint:a/k":   {"arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/a", "k"},
	} {
		bucket, key, err := source.SplitObject(name)
		if err != nil || bucket != want[0] || key != want[1] {
			t.Errorf("%s: got %q, %q, %v", name, bucket, key, err)
		}
	}
	for name, want := range map[string]string{
		"arn:aws:s3::123456789012:accesspoint/m.mrap/k":          "multi-region",
		"arn:aws:s3::123456789012:accesspoint:m.mrap/k":          "multi-region",
		"arn:aws:s3:eu-west-1:123456789012:accesspoint/m.mrap/k": "multi-region",
		"arn:aws:s3:::bucket/k":                                  "access point",
		"arn:aws:s3:eu-west-1:123456789012:accesspoint/":         "access point",
		"arn:aws:s3:eu-west-1:12:accesspoint/a/k":                "access point",
		"arn:aws:s3:eu-west-1:123456789012:accesspoint/a b/k":    "access point",
		"arn:aws:s3-outposts:eu-west-1:123456789012:outpost/o/k": "access point",
		"arn:aws:dynamodb:eu-west-1:123456789012:table/t":        "access point",
		"arn:x": "access point",
	} {
		if bucket, _, err := source.SplitObject(name); !errors.Is(err, source.ErrARN) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v", name, bucket, err)
		}
	}
}

func TestParseTable(t *testing.T) {
	for _, s := range []string{"credential-store", "a", ""} {
		if _, named, err := source.ParseTable(s); !named || err != nil {
			t.Errorf("%q is no name: %v", s, err)
		}
	}
	const arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/my.table"
	if a, named, err := source.ParseTable(arn); named || err != nil || a.Region != "us-gov-west-1" || a.String() != arn || source.TableName(arn) != "my.table" {
		t.Errorf("got %+v, %v, %v", a, named, err)
	}
	for _, s := range []string{
		"arn:", "arn:aws:dynamodb:eu-west-1:123456789012:table/", "arn:aws:dynamodb:eu-west-1:123456789012:table/t1/index/i", "arn:aws:dynamodb::123456789012:table/abc",
		"arn:aws:dynamodb:eu-west-1:1:table/abc", "arn:aws:s3:eu-west-1:123456789012:table/abc", "arn:aws:dynamodb:eu-west-1:123456789012:abc", "arn:aws:dynamodb:eu-west-1:123456789012:table/a*c",
	} {
		if _, _, err := source.ParseTable(s); !errors.Is(err, source.ErrARN) {
			t.Errorf("%s: %v", s, err)
		}
	}
}
