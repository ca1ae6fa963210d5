package s3

import (
	"context"
	"encoding/xml"
	"hash/crc32"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// put writes an object with the given headers and returns its version, if the bucket keeps
// versions. S3 checks the body against the signed SHA-256. It stores the CRC32, which the
// SDK sends by default too, with the object
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html).
func (c *client) put(ctx context.Context, bucket, key string, body []byte, header http.Header) (version string, err error) {
	op := operation{name: "PutObject", method: http.MethodPut, bucket: bucket, key: key, query: versioned("PutObject", ""), body: body, header: header}
	if c.putSums {
		op.header.Set("X-Amz-Checksum-Crc32", sumOf(crc32.NewIEEE(), body))
	}
	err = c.do(ctx, op, func(resp *http.Response, _ []byte) error {
		version = versionOf(resp.Header)
		return nil
	})
	return version, err
}

// delete removes an object, which need not exist, or one version of it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html).
func (c *client) delete(ctx context.Context, bucket, key, version string) error {
	op := operation{name: "DeleteObject", method: http.MethodDelete, bucket: bucket, key: key, query: versioned("DeleteObject", version)}
	return c.do(ctx, op, func(*http.Response, []byte) error { return nil })
}

// keepsVersions reports whether a bucket keeps the versions of its objects
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html).
func (c *client) keepsVersions(ctx context.Context, bucket string) (keeps bool, err error) {
	op := operation{name: "GetBucketVersioning", method: http.MethodGet, bucket: bucket, query: url.Values{"versioning": {""}}}
	err = c.do(ctx, op, func(_ *http.Response, data []byte) error {
		var answer struct{ Status string } // emulators do not agree on the name of the element
		if err := xml.Unmarshal(data, &answer); err != nil {
			return unreadable(data)
		}
		keeps = answer.Status == "Enabled"
		return nil
	})
	return keeps, err
}

// tags returns the tags of an object as a query, the form in which they are written
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html).
func (c *client) tags(ctx context.Context, bucket, key string) (tags url.Values, err error) {
	op := operation{name: "GetObjectTagging", method: http.MethodGet, bucket: bucket, key: key, query: url.Values{"tagging": {""}}}
	err = c.do(ctx, op, func(_ *http.Response, data []byte) error {
		var answer struct {
			Tags []struct{ Key, Value string } `xml:"TagSet>Tag"`
		}
		if err := xml.Unmarshal(data, &answer); err != nil {
			return unreadable(data)
		}
		tags = url.Values{}
		for _, t := range answer.Tags {
			tags.Set(t.Key, t.Value)
		}
		return nil
	})
	return tags, err
}

// stored is one version of an object.
type stored struct {
	Key          string
	VersionID    string `xml:"VersionId"`
	LastModified time.Time
	IsLatest     bool
}

// versionsPage is a part of a list of versions, newest first. Delete markers are left out.
type versionsPage struct {
	XMLName             xml.Name // emulators do not agree on it
	Version             []stored
	IsTruncated         bool
	NextKeyMarker       string
	NextVersionIDMarker string `xml:"NextVersionIdMarker"`
}

// versions returns the versions of one object, oldest first. A key may be the beginning of
// others, which come after it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html).
func (c *client) versions(ctx context.Context, bucket, key string) ([]stored, error) {
	op := operation{name: "ListObjectVersions", method: http.MethodGet, bucket: bucket, query: url.Values{
		"versions": {""}, "encoding-type": {"url"}, "prefix": {key},
	}}
	var all []stored
	for {
		var page versionsPage
		err := c.do(ctx, op, func(_ *http.Response, data []byte) error {
			page = versionsPage{}
			if err := xml.Unmarshal(data, &page); err != nil || !strings.HasSuffix(page.XMLName.Local, "VersionsResult") || page.IsTruncated && page.NextKeyMarker == "" {
				return unreadable(data)
			}
			for i, v := range page.Version {
				name, err := url.QueryUnescape(v.Key)
				if err != nil || !strings.HasPrefix(name, key) {
					return wire.Other()
				}
				page.Version[i].Key = name
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, v := range page.Version {
			if v.Key == key {
				all = append([]stored{v}, all...)
			}
		}
		next, err := url.QueryUnescape(page.NextKeyMarker)
		if !page.IsTruncated || err != nil || next != key {
			return all, err
		}
		op.query.Set("key-marker", next)
		op.query.Set("version-id-marker", page.NextVersionIDMarker)
	}
}
